"""How this REAPER is set up, and what goes wrong in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Switches:
    """Preferences, editing modes and faults; the defaults are those that hurt a careless script."""

    restricted: bool = False
    """Scripts run with restricted permissions: no `io`, no `os`."""
    imgui: bool = False
    """ReaImGui is installed."""
    loop_new_items: bool = True
    """New items loop their source."""
    new_item_fade: float = 0.01
    """Fades that new items get, seconds."""
    midi_into_project: bool = True
    """Imported MIDI files become notes inside the project, unless the call forbids it."""
    merge_equal_markers: bool = True
    """A marker is not created where one with the same name stands."""
    split_overlap: float = 0.0
    """Seconds that the halves of a split item overlap, with crossfades."""
    inherit_reads_255: bool = False
    """`C_BEATATTACHMODE` reads 255 where it means "inherit"."""
    rounded_rates: bool = False
    """23.976 and 29.97 are given with three decimals, not as fractions of 1001."""
    ripple: int = 0
    """Ripple editing: 0 off, 1 per track, 2 all tracks."""
    auto_crossfade: bool = True
    """Overlapping items crossfade when the user edits."""
    locked_refuse: bool = False
    """Items on a locked track cannot be added or changed."""
    second_start: str = "both"
    """What a second start of a running script does when the script has not said: "both" run, or "end" the running."""
    add_takes_active: bool = False
    """`AddTakeToMediaItem` makes the new take the active one."""
    exec_answer: str | None = "0\n"
    """What `ExecProcess` answers for a process that it does not wait for."""
