"""What goes wrong in real Resolves, one switch each.

Every switch names the part of the reference (resolve.md) it stands on. The values that stand first are what a plain
build does; behaviour that belongs to a version alone comes from the profile.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, fields, replace
from typing import Any, Literal


@dataclass(frozen=True)
class Traps:
    """The switches."""

    locked: Literal["items", "empty"] = "items"
    """An append to a locked track places nothing and answers items, or an empty table (2.4)."""
    overlap: Literal["slide", "drop", "dead"] = "drop"
    """An append to an occupied span slides to the next free frame, is dropped, or answers an item whose getters are
    all None (2.4); it never overwrites."""
    needs_media_type: bool = True
    """`trackIndex` without `mediaType` is reported placed and dropped (2.4)."""
    beyond: Literal["items", "empty"] = "items"
    """What a refused track index answers: beyond count + 1 (2.4), or above the video tracks before 20.2.2 (2.4)."""
    dead_items: bool = False
    """Appended items are on the track, but what came back is dead: None from every getter, an empty id (2.4)."""
    nil_methods: bool = False
    """A dead item has no methods at all: reading one gives None (2.4)."""
    null_ids: Literal["", "empty", "none"] = ""
    """What the call returned has an empty id, or None, and is alive otherwise (2.4)."""
    errored_append: Literal["", "raises", "none"] = ""
    """The first append raises or answers None; its items are visible until the project is saved, then gone (2.4)."""
    flaky_delete: bool = False
    """The first DeleteClips of a script answers False and deletes nothing (2.5)."""
    empty_export: bool = False
    """The first Export answers True and leaves a file of zero bytes (1.4, 4)."""
    otio_constant_zero: bool = False
    """EXPORT_OTIO is 0 in this build: a test for truth fails (1.4)."""
    rate_form: Literal["", "text", "number", "df", "point"] = ""
    """GetSetting("timelineFrameRate") answers "23.976", 23.976, "29.97 DF" (or "24"), or 24.0 with its point (1.2);
    empty: as the version does."""
    otio_rate: Literal["short", "exact"] = "short"
    """Fractional rates in exports are written 23.976 or 23.976023976 (3.1: accept either)."""
    refused_empty_custom: bool = False
    """AddMarker with six arguments is refused where customData is empty (1.7)."""
    float_marker_keys: bool = True
    """GetMarkers has float keys (1.7)."""
    marker_past_end: Literal["stored", "refused"] = "stored"
    """A marker beyond the timeline's end is stored, invisible, or refused (2.1)."""
    inclusive_end: bool = False
    """GetEnd answers the last frame instead of the one after it (1.5)."""
    source_start_low: bool = False
    """GetSourceStartFrame reads 1 low (1.5)."""
    takes_on_audio: bool = False
    """AddTake works on audio items (1.6: not measured)."""
    float_frames: Literal["honoured", "truncated"] = "honoured"
    """Fractions in startFrame and endFrame (documented from 19.0.3, 1.5) count, or are cut off."""
    ansi: bool = False
    """Texts reach Lua as code-page bytes, not UTF-8, as on Windows (2.7)."""
    language: Literal["en", "fr", "ja"] = "en"
    """Default track names and `Type` values are translated (1.5, 2.7)."""
    dead_handles: Literal["none", "raises"] = "none"
    """What a handle answers whose object is gone: None, or an error (4)."""
    handles_die_after: int = 0
    """The timeline's and its items' handles die once, after that many calls; fresh ones live (4). 0: never."""
    modal: bool = False
    """A dialog is open: every write answers False until the user dismisses it (2.4)."""
    no_selection: bool = False
    """No clip is selected in the Media Pool when the script starts: appends fail before 20.3.2 (2.4)."""

    @classmethod
    def random(cls, seed: int, share: float = 0.25) -> Traps:
        """A set of traps that can be met together; each is away from its first value with the chance `share`."""
        drawn = random.Random(seed)
        chosen: dict[str, Any] = {}
        for switch, values in CHOICES.items():
            value = drawn.choice(values)
            if drawn.random() < (share / 5 if switch in RARE else share):
                chosen[switch] = value
        return replace(cls(), **chosen)

    def on(self) -> dict[str, object]:
        """The switches that are away from their first value."""
        plain = Traps()
        return {
            entry.name: getattr(self, entry.name)
            for entry in fields(self)
            if getattr(self, entry.name) != getattr(plain, entry.name)
        }


CHOICES: dict[str, tuple[object, ...]] = {
    "locked": ("items", "empty"),
    "overlap": ("slide", "drop", "dead"),
    "needs_media_type": (True, False),
    "beyond": ("items", "empty"),
    "dead_items": (True,),
    "nil_methods": (True,),
    "null_ids": ("empty", "none"),
    "errored_append": ("raises", "none"),
    "flaky_delete": (True,),
    "empty_export": (True,),
    "otio_constant_zero": (True,),
    "rate_form": ("text", "number", "df", "point"),
    "otio_rate": ("exact",),
    "refused_empty_custom": (True,),
    "float_marker_keys": (False,),
    "marker_past_end": ("refused",),
    "inclusive_end": (True,),
    "source_start_low": (True,),
    "takes_on_audio": (True,),
    "float_frames": ("truncated",),
    "ansi": (True,),
    "language": ("fr", "ja"),
    "dead_handles": ("raises",),
    "handles_die_after": (40, 400, 4000),
    "modal": (True,),
    "no_selection": (True,),
}
"""What `Traps.random` draws from."""

RARE = ("modal",)
"""Switches that leave nothing else to be met."""

TRACK_NAMES = {
    "en": {"video": "Video", "audio": "Audio", "subtitle": "Subtitle"},
    "fr": {"video": "Vidéo", "audio": "Audio", "subtitle": "Sous-titres"},
    "ja": {"video": "ビデオ", "audio": "オーディオ", "subtitle": "字幕"},
}
"""Default track names by language."""

TYPE_NAMES = {
    "en": {"both": "Video + Audio", "video": "Video", "audio": "Audio"},
    "fr": {"both": "Vidéo + Audio", "video": "Vidéo", "audio": "Audio"},
    "ja": {"both": "ビデオ + オーディオ", "video": "ビデオ", "audio": "オーディオ"},
}
"""Values of the clip property `Type` by language."""
