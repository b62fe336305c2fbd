"""Time inside the fake: what a call costs, what waiting lets happen."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass
class Clock:
    """Seconds since the epoch as the script reads them. It moves by host calls and waits alone, unless it is real."""

    call_cost: float = 0.002
    """Seconds that each host call takes."""
    costs: Mapping[str, float] = field(default_factory=dict)
    """Of single methods: {"Export": 0.4}."""
    real: bool = False
    """Waits really sleep and the time is the machine's: for tests with a real daemon."""
    passed: float = 0.0
    """Seconds gone by on the fake clock."""
    waits: int = 0
    """How often the script has waited."""
    began: float = field(default_factory=time.time)
    _due: list[tuple[float, int, Callable[[], object]]] = field(default_factory=list)
    _at_waits: list[tuple[int, Callable[[], object]]] = field(default_factory=list)

    def time(self) -> float:
        """Now, in seconds since the epoch."""
        return time.time() if self.real else self.began + self.passed

    def elapsed(self) -> float:
        """Seconds since the fake was started."""
        return self.time() - self.began

    def after(self, seconds: float, act: Callable[[], object]) -> None:
        """Let something happen once that much time has passed from now: in the next wait or before the next call."""
        self._due.append((self.elapsed() + seconds, len(self._due), act))

    def at_wait(self, number: int, act: Callable[[], object]) -> None:
        """Let something happen during the script's wait of that number, counted from 1."""
        self._at_waits.append((number, act))

    def call(self, method: str = "") -> None:
        """A host call takes its time."""
        self.passed += self.costs.get(method, self.call_cost)
        self.happen()

    def wait(self, seconds: float) -> None:
        """The script waits."""
        self.waits += 1
        self.passed += seconds
        if self.real:
            time.sleep(seconds)
        now = [act for number, act in self._at_waits if number == self.waits]
        self._at_waits = [entry for entry in self._at_waits if entry[0] != self.waits]
        for act in now:
            act()
        self.happen()

    def happen(self) -> None:
        """Run what is due, in the order of its time."""
        while self._due:
            first = min(self._due, key=lambda entry: entry[:2])
            if first[0] > self.elapsed():
                return
            self._due.remove(first)
            first[2]()
