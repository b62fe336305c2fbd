"""`make demo`: a short film of our own, scored at once.

The film is drawn by `daemon.scenes`: nine clips in three moods, cut together in sixteen shots of 40 s at 24 frames per
second. The same footage comes out each time; what is there already is not drawn again.
"""

from __future__ import annotations

import os
import sys
from fractions import Fraction
from pathlib import Path

from core.atomic import whole_file, write_whole

RATE = 24
NAME = "Three Moods"
SHOTS: tuple[tuple[str, int, int], ...] = (
    # calm
    ("dawn", 6, 109),
    ("sea", 4, 83),
    ("lanterns", 8, 86),
    ("dawn", 122, 59),
    # tense
    ("tunnel", 3, 49),
    ("grid", 6, 35),
    ("storm", 12, 43),
    ("tunnel", 54, 31),
    ("grid", 46, 37),
    ("storm", 60, 33),
    ("tunnel", 88, 59),
    # joyful
    ("bounce", 4, 71),
    ("confetti", 42, 61),
    ("sunburst", 6, 58),
    ("bounce", 80, 55),
    ("confetti", 70, 91),
)
"""Scene, first frame of its clip, frames: the edit in order."""
MARKERS: tuple[tuple[str, str, int], ...] = (
    ("the lanterns rise", "BLUE", 192),
    ("HIT down the tunnel", "RED", 337),
    ("HIT daylight", "RED", 624),
)
"""Name, colour, frame of the film."""
HANDLE = 8
"""Frames of each clip beyond what the edit uses."""


def make_footage(folder: Path) -> Path:
    """Draw the film's clips and write its edit, unless they are there.

    Args:
        folder: where the clips and the timeline go; it is made if it is missing.

    Returns:
        The `.otio` file.

    Raises:
        UnusableInput: the disk is full or the place cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, frames in clip_lengths().items():
        clip = folder / f"{name}.mp4"
        if not clip.exists():
            _render(name, frames, clip)
    timeline = folder / f"{NAME}.otio"
    write_whole(timeline, _edit().encode())
    return timeline


def clip_lengths() -> dict[str, int]:
    """Frames of each clip: up to its last use in the edit, and a handle."""
    lengths: dict[str, int] = {}
    for name, first, frames in SHOTS:
        lengths[name] = max(lengths.get(name, 0), first + frames + HANDLE)
    return lengths


def _render(name: str, frames: int, clip: Path) -> None:
    """Draw one clip. MPEG-4 part 2 on one thread: every FFmpeg has it, and it gives the same bytes each time."""
    import av

    from daemon.scenes import HEIGHT, SCENES, WIDTH

    scene = SCENES[name]()
    with whole_file(clip) as file, av.open(file, "w", format="mp4", options={"fflags": "+bitexact"}) as movie:
        options = {"flags": "+bitexact+qscale", "global_quality": str(118 * 4)}
        stream = movie.add_stream("mpeg4", rate=Fraction(RATE), options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.gop_size, stream.thread_count = RATE // 2, 1
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(scene(number / RATE), format="rgb24")
            movie.mux(stream.encode(frame.reformat(format="yuv420p", threads=1)))
        movie.mux(stream.encode(None))


def _edit() -> str:
    """The film's timeline, as OTIO."""
    import opentimelineio as otio
    from opentimelineio.opentime import RationalTime, TimeRange

    def frames(first: int, count: int) -> TimeRange:
        return TimeRange(RationalTime(first, RATE), RationalTime(count, RATE))

    lengths = clip_lengths()
    timeline = otio.schema.Timeline(NAME, global_start_time=RationalTime(3600 * RATE, RATE))
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    for name, first, count in SHOTS:
        media = otio.schema.ExternalReference(f"{name}.mp4", available_range=frames(0, lengths[name]))
        track.append(otio.schema.Clip(name, media_reference=media, source_range=frames(first, count)))
    for name, colour, at in MARKERS:
        track.markers.append(otio.schema.Marker(name, marked_range=frames(at, 0), color=colour))
    timeline.tracks.append(track)
    return str(otio.adapters.write_to_string(timeline, "otio_json"))


def main() -> None:
    """Make the footage in `demo/`, score it and say where to look.

    The demo has a daemon of its own, whose state lies in `demo/.hitpoint`; nothing is left running.
    """
    from daemon.command import main as hitpoint
    from daemon.home import home
    from daemon.starting import stop_daemon

    folder = Path("demo").absolute()
    os.environ["HITPOINT_HOME"] = str(folder / ".hitpoint")
    print("Drawing a small film …", file=sys.stderr)
    timeline = make_footage(folder / "footage")
    try:
        hitpoint(["score", str(timeline), "--seed", "1", "--to", str(folder)])
    finally:
        stop_daemon(home())


if __name__ == "__main__":
    main()
