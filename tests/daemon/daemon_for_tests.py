"""`python -m tests.daemon.daemon_for_tests`: the daemon as it is, with workers that make no music."""

from __future__ import annotations

import sys

from core.errors import HitpointError
from daemon.home import home
from daemon.server import serve

if __name__ == "__main__":
    try:
        serve(home(), (sys.executable, "-m", "tests.daemon.quick_worker"))
    except HitpointError as error:
        print(f"hitpoint: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
