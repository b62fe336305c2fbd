"""Short ways for tests into the fake's own interface, and media to fill it with."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from tests.hosts.resolve.fake import Fake
from tests.hosts.resolve.model import Media


def project(fake: Fake) -> Any:
    """The current project's handle."""
    return fake.resolve.GetProjectManager().GetCurrentProject()


def timeline(fake: Fake) -> Any:
    """The current timeline's handle."""
    return project(fake).GetCurrentTimeline()


def pool(fake: Fake) -> Any:
    """The Media Pool's handle."""
    return project(fake).GetMediaPool()


def wav(path: Path, seconds: Fraction | float = 10, *, channels: int = 2, sample_rate: int = 48000) -> str:
    """A silent 24-bit file of that length."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = round(seconds * sample_rate)
    soundfile.write(path, np.zeros((frames, channels), np.float32), sample_rate, subtype="PCM_24")
    return str(path)


def footage(rate: Fraction | int = 24, frames: int = 2400, *, start: int = 86400, name: str = "A001.mov") -> Media:
    """A movie that has no file: picture and sound, its timecode starting at that frame."""
    return Media(name, f"/footage/{name}", True, True, Fraction(rate), frames, start)


def append(fake: Fake, clip: Any, record: int, frames: int = 48, *, track: int = 2, **other: Any) -> Any:
    """Append sound to a track at an absolute frame, every key as it should be."""
    request = {
        "mediaPoolItem": clip,
        "startFrame": 0,
        "endFrame": frames,
        "mediaType": 2,
        "trackIndex": track,
        "recordFrame": record,
        **other,
    }
    return pool(fake).AppendToTimeline([{key: value for key, value in request.items() if value is not None}])


def lying(fake: Fake, track: int = 2, kind: str = "audio") -> list[tuple[int, int]]:
    """(start, frames) of what lies on a track, read back through the interface."""
    items = timeline(fake).GetItemListInTrack(kind, track)
    return [(item.GetStart(), item.GetDuration()) for item in items]
