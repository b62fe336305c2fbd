"""The floor under a cue: the same frames decoded and the same samples written, and nothing else."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import soundfile

from core.brief import Edit

FEATURES_PER_SECOND = 10


def decode(edit: Edit) -> int:
    """Decode every shot once from the key frame before it, scaling only the frames that features need; how many."""
    taken = 0
    for shot in edit.shots:
        if shot.media is None or shot.media.path is None:
            continue
        seconds = float(shot.frames / edit.range.rate * abs(shot.speed))
        with av.open(str(shot.media.path)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            first = stream.start_time or 0
            begin = first + int(float(shot.source_start) / stream.time_base)
            container.seek(begin, stream=stream)
            wanted, step = begin, int(1 / FEATURES_PER_SECOND / stream.time_base)
            last = begin + int(seconds / stream.time_base)
            for frame in container.decode(stream):
                if frame.pts >= last:
                    break
                if frame.pts >= wanted:
                    frame.reformat(width=160, height=90, format="rgb24").to_ndarray()
                    wanted += step
                    taken += 1
    return taken


def write(edit: Edit, sample_rate: int, files: int, folder: Path) -> None:
    """Write as many 24-bit stereo files as a cue holds, of its length."""
    samples = edit.range.samples(sample_rate)
    audio = (np.random.default_rng(0).standard_normal((samples, 2)) * 2**27).astype(np.int32)
    for number in range(files):
        soundfile.write(folder / f"{number}.wav", audio, sample_rate, subtype="PCM_24")
