"""A desk for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integrations.reaper.desk import Desk

VERSIONS = ("6.24", "6.47", "7.08", "7.40", "7.60")


@pytest.fixture
def new_desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Makes a desk with what `Desk` takes; whatever happened there, no script misbehaved."""
    made: list[Desk] = []

    def make(**options: object) -> Desk:
        made.append(Desk(tmp_path / str(len(made)), **options))
        return made[-1]

    yield make
    for desk in made:
        desk.fake.close()
        assert desk.fake.complaints() == []
        assert desk.fake.missing <= {"set_action_options"}


@pytest.fixture
def desk(new_desk: Callable[..., Desk]) -> Desk:
    """The newest REAPER with a minute of picture at 24 frames per second."""
    return new_desk().with_picture()


@pytest.fixture(params=VERSIONS)
def any_desk(request: pytest.FixtureRequest, new_desk: Callable[..., Desk]) -> Desk:
    """The same for each version."""
    return new_desk(version=request.param).with_picture()
