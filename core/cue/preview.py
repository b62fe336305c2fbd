"""Previews: the mix as MP3, and a small movie of the range with the mix and the record timecode burnt in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from core.brief import Edit, sample_count
from core.cue.shown import Show, written
from core.errors import HitpointError, UnusableInput
from core.picture.frames import OpenMedia
from core.timeline.timecode import record_timecode
from core.watch import Watch

ENCODERS = ("h264_videotoolbox", "h264_nvenc", "h264_mf", "h264_qsv", "h264_amf", "libopenh264", "libx264", "mpeg4")
"""Tried in this order: H.264 plays everywhere, by the machine's own encoder or by whichever PyAV brings."""
MP3_RATES = (32_000, 44_100, 48_000)
VIDEO_BITS = 1_500_000
AUDIO_BITS = 192_000
_INK = (255, 255, 255)
_REPORT_EVERY = 8


def write_mp3(mix: Path, to: Path, watch: Watch) -> None:
    """Write a sound file as MP3, about 190 kbit/s.

    Args:
        mix: any file that libsndfile reads.
        to: the MP3.
        watch: told of stage "export".

    Raises:
        UnusableInput: the mix cannot be read, or the MP3 not be written.
    """
    import soundfile

    try:
        with _opened(mix) as source:
            _encode_mp3(source, to, watch)
    except soundfile.LibsndfileError as error:
        raise UnusableInput(
            "The MP3 cannot be written", str(to.parent), "Free some space or choose another folder."
        ) from error


def _encode_mp3(source: Any, to: Path, watch: Watch) -> None:
    import soundfile

    rate = source.samplerate if source.samplerate in MP3_RATES else MP3_RATES[-1]
    frames = max(1, source.frames * rate // source.samplerate)
    quality = {"compression_level": 0.4, "bitrate_mode": "VARIABLE"}
    done = 0
    with soundfile.SoundFile(to, "w", rate, source.channels, "MPEG_LAYER_III", format="MP3", **quality) as target:
        for block in _at_rate(source, rate):
            watch.report("export", min(1.0, done / frames), "Writing MP3")
            target.write(block)
            done += len(block)


def write_mp4(edit: Edit, mix: Path, to: Path, watch: Watch, open_media: OpenMedia) -> str:
    """Write the movie: exactly the range's frames at its rate, and the mix.

    Args:
        edit: the shots.
        mix: the mix, as long as the range.
        to: the movie.
        watch: told of stage "export".
        open_media: turns a medium into what PyAV opens.

    Returns:
        The name of the encoder that made the picture.
    """
    import av

    with (
        closing(Show(edit, watch, open_media)) as show,
        _opened(mix) as sound,
        av.open(str(to), "w", format="mp4", options={"movflags": "+faststart"}) as movie,
    ):
        encoder = _encoder(show.width, show.height, edit.range.rate)
        video = movie.add_stream(encoder, rate=edit.range.rate)
        _set_up(video, show.width, show.height)
        audio = movie.add_stream("aac", rate=sound.samplerate, layout="stereo")
        audio.bit_rate = AUDIO_BITS
        for number, picture in enumerate(show.pictures()):
            if number % _REPORT_EVERY == 0:
                watch.report("export", number / edit.range.frames, "Writing the movie")
            burnt = written(picture, record_timecode(edit.range, number), Fraction(93, 100), _INK)
            frame = av.VideoFrame.from_ndarray(burnt, format="rgb24").reformat(format="yuv420p", threads=1)
            frame.pts, frame.time_base = number, 1 / edit.range.rate
            movie.mux(video.encode(frame))
            _sound_until(sample_count((number + 1) / edit.range.rate, sound.samplerate), sound, audio, movie)
        movie.mux(video.encode(None))
        movie.mux(audio.encode(None))
    return encoder


def _sound_until(end: int, sound: Any, audio: Any, movie: Any) -> None:
    """Move the mix up to a sample into the movie, so that picture and sound lie side by side in the file."""
    import av

    at = sound.tell()
    block = sound.read(max(0, end - at), dtype="float32", always_2d=True)
    if not len(block):
        return
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block.T), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = sound.samplerate, at, Fraction(1, sound.samplerate)
    movie.mux(audio.encode(frame))


def _encoder(width: int, height: int, rate: Fraction) -> str:
    """The first encoder that works here: being listed says nothing about the machine's hardware."""
    for name in ENCODERS:
        if _works(name, width, height, rate):
            return name
    raise HitpointError("No video encoder works here", ", ".join(ENCODERS), "Export the preview as MP3.")


def _works(name: str, width: int, height: int, rate: Fraction) -> bool:
    """Whether an encoder takes a black frame."""
    import av

    if name not in av.codecs_available:
        return False
    try:
        context: Any = av.CodecContext.create(name, "w")
        context.framerate, context.time_base = rate, 1 / rate
        _set_up(context, width, height)
        black = av.VideoFrame(width, height, "yuv420p")
        black.pts = 0
        return bool([*context.encode(black), *context.encode(None)])
    except (av.error.FFmpegError, ValueError):
        return False


def _set_up(encoder: Any, width: int, height: int) -> None:
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.bit_rate = VIDEO_BITS


def _opened(sound: Path) -> Any:
    import soundfile

    try:
        return soundfile.SoundFile(sound)
    except (soundfile.LibsndfileError, OSError) as error:
        raise UnusableInput("This sound file cannot be read", str(sound), "It is missing or damaged.") from error


def _at_rate(source: Any, rate: int) -> Iterator[Any]:
    """The source's samples in blocks, resampled where the rate differs."""
    blocks = source.blocks(source.samplerate, dtype="float32", always_2d=True)
    if source.samplerate == rate:
        yield from blocks
        return
    import soxr

    stream = soxr.ResampleStream(source.samplerate, rate, source.channels)
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros((0, source.channels), np.float32), last=True)
