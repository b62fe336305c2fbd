"""What the daemon promises about time, held on a machine that does nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.daemon import Bench, Figure, cancelling, prepared, status_beside_a_render, submit_to_first_progress

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bench(demo_edit: Path) -> Iterator[Bench]:
    with prepared(demo_edit) as bench:
        yield bench


@pytest.mark.parametrize("measure", [status_beside_a_render, submit_to_first_progress, cancelling])
def test_what_is_promised_is_held(bench: Bench, measure: Callable[[Bench], list[Figure]]) -> None:
    figures = measure(bench)

    assert any(figure.promise for figure in figures)
    assert [str(figure) for figure in figures if figure.held is False] == []
