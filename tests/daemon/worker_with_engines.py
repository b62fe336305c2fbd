"""`python -m tests.daemon.worker_with_engines`: a worker that also has the engine for tests."""

from __future__ import annotations

from core import engines
from daemon.worker import main

engines._MODULES["obedient"] = "tests.daemon.engines_for_tests"

if __name__ == "__main__":
    main()
