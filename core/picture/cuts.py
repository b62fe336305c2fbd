"""Cuts in footage that has no edit list: a movie file, or a timeline that holds a single clip.

The detector is PySceneDetect's `AdaptiveDetector` (ContentDetector's score against its own rolling mean, so that a
fast camera is not a cut), fed with our own frames.
"""

from __future__ import annotations

import os
import time
from collections import deque
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

from av.error import FFmpegError
from av.video.reformatter import VideoReformatter

from core.brief import Edit, Hit, Shot
from core.errors import UnusableInput
from core.picture.frames import Film, OpenMedia, plain_file
from core.picture.retime import frame_after, moment_at
from core.watch import Watch

WEIGHT = 0.5
"""Weight of a detected cut until the picture is known."""
SHORTEST_S = 0.3
"""A shot that is detected lasts at least this long."""
WIDTH = 256
"""Pixels across of the frames that the detector sees."""
REMEMBERED = 64
"""Frames whose time is remembered; the detector names a cut a few frames after it has passed."""
REPORT_EVERY_S = 0.1


def split(edit: Edit, watch: Watch, open_media: OpenMedia = plain_file) -> Edit:
    """An edit with its only clip split at the cuts that are seen in it.

    An edit that has a list of shots is returned as it is, even where the range shows but one of them; so is one whose
    clip is frozen or cannot be read, since what reads the picture says so itself.

    Args:
        edit: what the timeline says.
        watch: told of stage "cuts"; asked whether to go on.
        open_media: turns a medium into what PyAV opens.

    Raises:
        Cancelled: the user stopped the work.
    """
    footage = [index for index, shot in enumerate(edit.shots) if shot.kind == "footage"]
    if edit.has_edit_list or len(footage) != 1:
        return edit
    shot, rate = edit.shots[footage[0]], edit.range.rate
    if shot.media is None or shot.media.path is None or shot.speed == 0:
        return edit
    ends = (moment_at(shot, shot.first_frame, rate), moment_at(shot, shot.first_frame + shot.frames - 1, rate))
    try:
        with closing(Film(shot.media, open_media, os.cpu_count() or 1, watch.check)) as film:
            moments = cuts(film, min(ends), max(ends), watch)
    except (UnusableInput, FFmpegError, OSError):
        return edit
    frames = {frame_after(shot, moment, rate, film.tolerance) for moment in moments}
    inside = sorted(frame for frame in frames if frame and 0 < frame - shot.first_frame < shot.frames)
    pieces = _pieces(shot, inside, rate)
    shots = (*edit.shots[: footage[0]], *pieces, *edit.shots[footage[0] + 1 :])
    return replace(edit, shots=shots, hits=_with_cuts(edit, inside))


def cuts(film: Film, first: Fraction, last: Fraction, watch: Watch) -> tuple[Fraction, ...]:
    """Where new shots begin in a file, exactly: the moments of their first frames, ascending.

    Args:
        film: the file.
        first: seconds from the file's first frame, where to begin.
        last: and where to end.
        watch: told of stage "cuts"; asked whether to go on.

    Raises:
        Cancelled: the user stopped the work.
    """
    from scenedetect import AdaptiveDetector, FrameTimecode  # costs half a second, which an edit list saves

    detector = AdaptiveDetector(min_scene_len=max(2, round(SHORTEST_S * film.rate)))
    scaler = VideoReformatter()
    remembered: deque[tuple[int, Fraction]] = deque(maxlen=REMEMBERED)
    found: list[Fraction] = []
    reported = 0.0
    for number, seen in enumerate(film.frames([max(first, Fraction(0)), last], every=True)):
        remembered.append((number, seen.moment))
        timecode = FrameTimecode(number, fps=film.rate)
        named = detector.process_frame(timecode, _small(scaler, seen.frame))
        found += [_moment_of(cut.frame_num, remembered) for cut in named]
        if time.monotonic() - reported > REPORT_EVERY_S:
            reported = time.monotonic()
            watch.report("cuts", _share(seen.moment, first, last), "Looking for cuts")
    watch.report("cuts", 1.0, "")
    return tuple(found)


def _small(scaler: VideoReformatter, frame: Any) -> Any:
    """A frame as the detector wants it: blue, green, red, shape [height, width, 3]."""
    height = max(16, 2 * round(WIDTH * frame.height / frame.width / 2))
    return scaler.reformat(frame, WIDTH, height, "bgr24", interpolation="AREA", threads=1).to_ndarray()


def _moment_of(number: int, remembered: deque[tuple[int, Fraction]]) -> Fraction:
    """When a frame that has just passed begins."""
    return remembered[number - remembered[0][0]][1]


def _share(moment: Fraction, first: Fraction, last: Fraction) -> float:
    return min(1.0, max(0.0, float((moment - first) / (last - first)))) if last > first else 1.0


def _pieces(shot: Shot, cut_frames: list[int], rate: Fraction) -> list[Shot]:
    """A shot cut at record frames."""
    edges = [shot.first_frame, *cut_frames, shot.first_frame + shot.frames]
    return [
        replace(
            shot,
            first_frame=start,
            frames=end - start,
            name=shot.name if number == 1 else f"{shot.name} {number}",
            source_start=moment_at(shot, start, rate),
        )
        for number, (start, end) in enumerate(pairwise(edges), start=1)
    ]


def _with_cuts(edit: Edit, cut_frames: list[int]) -> tuple[Hit, ...]:
    """The edit's hits and the detected cuts, in order; a cut where the edit has a hit already is that hit."""
    rate = edit.range.rate
    taken = {round(hit.time * rate) for hit in edit.hits}
    new = [Hit(edit.range.seconds_at(frame), "cut", WEIGHT) for frame in cut_frames if frame not in taken]
    return tuple(sorted([*edit.hits, *new], key=lambda hit: hit.time))
