"""Which Resolve it is: version and edition, and what a script finds there."""

from __future__ import annotations

from dataclasses import dataclass

VERSIONS = (
    "18.5",
    "18.6.6",
    "19.0.2",
    "19.1",
    "20.0",
    "20.2.1",
    "20.2.2",
    "20.3.1",
    "20.3.2",
    "21.0.3",
    "21.0.4",
    "21.1",
)
"""The builds between which something in the scripting interface changed."""

_LOST_IN_FREE_21_1 = ("io", "ffi", "package", "require", "os.execute", "bmd.readdir")


@dataclass(frozen=True)
class Profile:
    """One build of Resolve."""

    version: tuple[int, int, int]
    studio: bool

    def since(self, version: str) -> bool:
        """Whether this build is at least that version."""
        return self.version >= _numbers(version)

    @property
    def name(self) -> str:
        """As it names itself."""
        return "DaVinci Resolve Studio" if self.studio else "DaVinci Resolve"

    @property
    def removed_globals(self) -> tuple[str, ...]:
        """What the Lua state of the Scripts menu has lost (resolve.md 0.1, 2.8)."""
        return _LOST_IN_FREE_21_1 if self.since("21.1") and not self.studio else ()

    @property
    def windows(self) -> bool:
        """Whether scripts may open windows: not in the free edition since 19.1 (resolve.md 2.9)."""
        return self.studio or not self.since("19.1")

    @property
    def python_in_menu(self) -> bool:
        """Whether the Scripts menu lists Python scripts: not in free 21.1 (resolve.md 0.1)."""
        return self.studio or not self.since("21.1")

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.version))} {'Studio' if self.studio else 'free'}"


def profile(version: str = "21.1", *, studio: bool = False, edition: str | None = None) -> Profile:
    """The profile of a version ("20.2.1") and edition ("free" or "studio")."""
    return Profile(_numbers(version), studio if edition is None else edition == "studio")


def profiles() -> tuple[Profile, ...]:
    """Every version of `VERSIONS`, free and Studio."""
    return tuple(profile(version, studio=studio) for version in VERSIONS for studio in (False, True))


def _numbers(version: str) -> tuple[int, int, int]:
    major, minor, patch = ([int(part) for part in version.split(".")] + [0, 0])[:3]
    return major, minor, patch
