"""The parameter names of items, takes, tracks and projects: defaults, which are read-only, since when they exist.

Source
    The published ReaScript documentation of the `…Info_Value` calls.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.hosts.reaper.signatures import version_number


@dataclass(frozen=True)
class Parameter:
    """One parameter name of a kind of object."""

    default: float
    read_only: bool
    since: tuple[int, ...]


def _table(text: str) -> dict[str, Parameter]:
    """`NAME[!][=default][@since]` per word; `!` is read-only."""
    table = {}
    for word in text.split():
        found = re.fullmatch(r"([A-Za-z_:]+)(!?)(?:=(-?[\d.]+))?(?:@([\d.]+))?", word)
        if not found:
            raise ValueError(f"{word} is no parameter")
        name, read_only, default, since = found.groups()
        table[name] = Parameter(float(default or 0), bool(read_only), version_number(since or "0"))
    return table


ITEM = _table("""
B_MUTE B_MUTE_ACTUAL C_MUTE_SOLO B_LOOPSRC=1 B_ALLTAKESPLAY B_UISEL C_BEATATTACHMODE=-1 C_AUTOSTRETCH C_LOCK D_VOL=1
D_POSITION D_LENGTH D_SNAPOFFSET D_FADEINLEN D_FADEOUTLEN D_FADEINDIR D_FADEOUTDIR D_FADEINLEN_AUTO=-1
D_FADEOUTLEN_AUTO=-1 C_FADEINSHAPE C_FADEOUTSHAPE I_GROUPID I_LASTY! I_LASTH! I_CUSTOMCOLOR I_CURTAKE IP_ITEMNUMBER!
F_FREEMODE_Y F_FREEMODE_H=1 P_TRACK! I_FIXEDLANE@7.0 C_LANEPLAYS!@7.0 B_FIXEDLANE_HIDDEN!@7.0
""")
TAKE = _table("""
D_STARTOFFS D_VOL=1 D_PAN D_PANLAW=-1 D_PLAYRATE=1 D_PITCH B_PPITCH=1 I_LASTY! I_LASTH! I_CHANMODE I_PITCHMODE=-1
I_STRETCHFLAGS F_STRETCHFADESIZE=0.0025 I_RECPASSID I_TAKEFX_NCH I_CUSTOMCOLOR IP_TAKENUMBER! P_TRACK! P_ITEM! P_SOURCE!
""")
TRACK = _table("""
B_MUTE B_PHASE B_RECMON_IN_EFFECT! IP_TRACKNUMBER! I_SOLO B_SOLO_DEFEAT I_FXEN=1 I_RECARM I_RECINPUT I_RECMODE
I_RECMODE_FLAGS I_RECMON=1 I_RECMONITEMS B_AUTO_RECARM I_VUMODE I_AUTOMODE I_NCHAN=2 I_SELECTED I_WNDH! I_TCPH! I_TCPY!
I_TCPSCREENY! I_MCPX! I_MCPY! I_MCPW! I_MCPH! I_FOLDERDEPTH I_FOLDERCOMPACT I_MIDIHWOUT=-1 I_PERFFLAGS I_CUSTOMCOLOR
I_HEIGHTOVERRIDE I_SPACER B_HEIGHTLOCK D_VOL=1 D_PAN D_WIDTH=1 D_DUALPANL=-1 D_DUALPANR=1 I_PANMODE=-1 D_PANLAW=-1
B_SHOWINMIXER=1 B_SHOWINTCP=1 B_MAINSEND=1 C_MAINSEND_OFFS C_MAINSEND_NCH I_FREEMODE I_NUMFIXEDLANES=1@7.0
C_LANESCOLLAPSED@7.0 C_LANESETTINGS@7.60 C_LANEPLAYS:@7.0 C_ALLLANESPLAY@7.0 C_BEATATTACHMODE=-1
I_PLAY_OFFSET_FLAG D_PLAY_OFFSET P_PARTRACK! P_PROJECT!
""")
PROJECT = _table("""
RULER_HEIGHT PROJECT_SRATE PROJECT_SRATE_USE PROJECT_TIMEBASE!@7.0 PROJECT_TIMEBASE_FLAGS!@7.60
RENDER_SETTINGS RENDER_SRATE RENDER_CHANNELS=2
""")
MARKER = _table("B_ISREGION! D_STARTPOS D_ENDPOS I_NUMBER I_INDEX! I_CUSTOMCOLOR I_LANENUMBER B_UISEL")

TRACK_STRINGS = ("P_NAME", "P_ICON", "P_MCP_LAYOUT", "P_TCP_LAYOUT", "P_RAZOREDITS", "GUID")
ITEM_STRINGS = ("P_NOTES", "GUID")
TAKE_STRINGS = ("P_NAME", "GUID")
MARKER_STRINGS = ("P_NAME", "GUID")


def find(table: dict[str, Parameter], name: str, version: tuple[int, ...]) -> Parameter | None:
    """The parameter of that name in that version; a family like `C_LANEPLAYS:3` is found by its head."""
    family = re.fullmatch(r"([A-Z_]+:)\d+", name)
    known = table.get(family[1] if family else name)
    return known if known and known.since <= version else None
