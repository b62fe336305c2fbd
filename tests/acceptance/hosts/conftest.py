"""One installed program for all tests of this folder, and a desk for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.hosts.footage import movies
from tests.acceptance.hosts.program import Program
from tests.acceptance.hosts.reaper_desk import ReaperDesk
from tests.acceptance.hosts.resolve_desk import ResolveDesk
from tests.hosts.resolve.timecode import true_rate


@pytest.fixture(scope="package")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The program, whose daemon runs; whoever is called in this folder's tests talks to it."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("program")
        patch.setenv("HITPOINT_HOME", str(folder / "home"))
        installed = Program(folder)
        try:
            installed.start()
            yield installed
        finally:
            installed.stop()


@pytest.fixture(scope="package")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Fraction], list[Path]]:
    """Movies of a rate."""
    folder = tmp_path_factory.mktemp("footage")
    return lambda rate: movies(folder, rate)


@pytest.fixture(scope="package")
def menu(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Resolve's menu folder with the launchers that the installer has put there."""
    folder = tmp_path_factory.mktemp("resolve") / "Utility"
    program.install("resolve", folder)
    assert [entry.name for entry in folder.iterdir()] == ["Hitpoint"]
    return folder


@pytest.fixture
def resolve(program: Program, menu: Path, footage: Callable[[Fraction], list[Path]]) -> Callable[..., ResolveDesk]:
    """Makes a Resolve with twelve seconds of picture; it takes what `ResolveDesk` and `Fake` take."""

    def make(rate: str = "24", **options: Any) -> ResolveDesk:
        program.see_that_it_runs()
        return ResolveDesk(program, menu, footage(true_rate(rate)), rate=rate, **options)

    return make


@pytest.fixture
def reaper(
    program: Program, footage: Callable[[Fraction], list[Path]], tmp_path: Path
) -> Iterator[Callable[..., ReaperDesk]]:
    """Makes a REAPER with twelve seconds of picture; it takes what `ReaperDesk` and `Fake` take."""
    made: list[ReaperDesk] = []

    def make(rate: str = "24", **options: Any) -> ReaperDesk:
        exact = true_rate(rate)
        made.append(ReaperDesk(program, tmp_path / str(len(made)), footage(exact), exact, **options))
        return made[-1]

    yield make
    for desk in made:
        desk.fake.close()
