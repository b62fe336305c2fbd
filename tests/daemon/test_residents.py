"""Engines stay warm under a budget, and go by when they were last used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.brief import Brief, Hole, Rendering, StemName
from core.engines.composer.engine import ENGINE as COMPOSER
from core.engines.composer.instruments.loops import LOOPS
from core.engines.composer.room import room_response
from core.engines.engine import Abilities, Readiness
from core.watch import Watch
from daemon.residents import Residents


@dataclass
class Heavy:
    """An engine that takes memory when it is used."""

    name: str
    size: int
    loaded: bool = False
    stems: tuple[StemName, ...] = ()
    abilities: Abilities = field(default=Abilities(False, False, False, False, False, False))
    configs: Mapping[str, int] = field(default_factory=dict)

    def ready(self) -> Readiness:
        return Readiness(ready=True)

    def render(self, brief: Brief, hole: Hole | None, scratch: Path, watch: Watch) -> Rendering:
        raise AssertionError((brief, hole, scratch, watch))

    def held(self) -> int:
        return self.size if self.loaded else 0

    def release(self) -> None:
        self.loaded = False


def use(residents: Residents, engine: Heavy) -> None:
    residents.make_room_for(engine)
    engine.loaded = True
    residents.used(engine)


def test_what_was_used_longest_ago_goes_first() -> None:
    a, b, c = Heavy("a", 40), Heavy("b", 40), Heavy("c", 40)
    residents = Residents(100)
    for engine in (a, b, a, c):
        use(residents, engine)
    assert residents.held() == {"a": 40, "c": 40}
    assert not b.loaded


def test_room_is_made_before_a_known_engine_loads() -> None:
    """Once it is known how much an engine takes, others go before it comes, so that both never lie there together."""
    a, b = Heavy("a", 60), Heavy("b", 60)
    residents = Residents(100)
    use(residents, a)
    use(residents, b)
    assert not a.loaded
    residents.make_room_for(a)
    assert not b.loaded


def test_an_engine_larger_than_the_budget_does_not_stay() -> None:
    large = Heavy("large", 200)
    residents = Residents(100)
    use(residents, large)
    assert residents.held() == {}
    assert not large.loaded


def test_resting_gives_everything_back() -> None:
    a, b = Heavy("a", 1), Heavy("b", 2)
    residents = Residents(100)
    use(residents, a)
    use(residents, b)
    residents.release()
    assert not a.loaded
    assert not b.loaded
    assert residents.held() == {}


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 90)), max_size=30), st.integers(0, 100))
def test_engines_never_hold_more_than_the_budget_between_jobs(uses: list[tuple[str, int]], budget: int) -> None:
    engines = {name: Heavy(name, 0) for name in "abcde"}
    residents = Residents(budget)
    with patch("daemon.residents._give_back"):  # collecting garbage takes long in a large test process
        for name, size in uses:
            engines[name].size = size
            use(residents, engines[name])
            assert sum(engine.held() for engine in engines.values()) <= budget
            assert engines[name].loaded == (size <= budget)


def test_the_composer_says_what_it_holds_and_lets_go_of_it() -> None:
    COMPOSER.release()
    assert COMPOSER.held() == 0
    room_response("hall", 48_000, 1 << 15)
    assert COMPOSER.held() > 0, "a room is made of noise, and that is a loop"
    before = COMPOSER.held()
    LOOPS.get("a loop", lambda: np.ones(1000, np.float32))
    assert COMPOSER.held() == before + 4000
    COMPOSER.release()
    assert COMPOSER.held() == 0
    assert room_response.cache_info().currsize == 0
