"""An in-memory DaVinci Resolve, built from the reference of its scripting interface alone.

fake = Fake(profile("20.2.1", studio=True), Traps(overlap="slide"), rate="23.976")
fake.fill([Clip(movie, record=0, frames=240)])
run = fake.run_lua(script)
assert run.error is None and not fake.wrong_calls
fake.tracks()
"""

from tests.hosts.resolve.clock import Clock
from tests.hosts.resolve.fake import Clip, Fake
from tests.hosts.resolve.model import Item, Media, Project, Timeline, Track
from tests.hosts.resolve.scripts import Run
from tests.hosts.resolve.traps import Traps
from tests.hosts.resolve.versions import VERSIONS, Profile, profile, profiles

__all__ = [
    "VERSIONS",
    "Clip",
    "Clock",
    "Fake",
    "Item",
    "Media",
    "Profile",
    "Project",
    "Run",
    "Timeline",
    "Track",
    "Traps",
    "profile",
    "profiles",
]
