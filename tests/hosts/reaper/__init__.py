"""A REAPER in memory: runs ReaScripts in real Lua, checks every call, and writes real project files.

fake = Fake("7.60")
fake.user.add_item(fake.user.add_track("Video"), "clip.mov", 1.0, 4.0, kind="VIDEO")
fake.run_action("script.lua")
fake.pump(2.0)
assert fake.complaints() == []
text = fake.rpp()
"""

from tests.hosts.reaper.host import Fake
from tests.hosts.reaper.switches import Switches

__all__ = ["Fake", "Switches"]
