"""A desk for each test: a fake Resolve, a mailbox, a cue."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hosts.resolve.versions import profile
from tests.integrations.resolve.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """The free edition of 21.1, a minute of picture, marks where the cue goes."""
    return Desk(tmp_path, profile=profile("21.1")).with_picture()


@pytest.fixture
def studio(tmp_path: Path) -> Desk:
    """The Studio edition of 21.0.4, likewise."""
    return Desk(tmp_path, profile=profile("21.0.4", studio=True)).with_picture()


@pytest.fixture
def new_desk(tmp_path: Path) -> Callable[..., Desk]:
    """Makes a desk with what `Desk` takes."""
    made = iter(range(1000))
    return lambda **options: Desk(tmp_path / str(next(made)), **options).with_picture()
