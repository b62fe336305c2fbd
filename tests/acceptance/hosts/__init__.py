"""Both hosts whole: installed scripts, a real daemon, real media, and what lies on the timeline in the end."""

import pytest

pytest.register_assert_rewrite(f"{__name__}.resolve_desk", f"{__name__}.reaper_desk")
