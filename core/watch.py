"""Progress out, cancellation in: the one object that long work is handed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.errors import Cancelled


def _silent(stage: str, fraction: float, words: str) -> None:
    """Progress that nobody follows."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Watch:
    """Carries progress to whoever follows the work and asks whether to go on.

    Long work calls `report` or `check` at least every 200 ms.
    """

    progress: Callable[[str, float, str], None] = _silent
    """Called with the stage ("picture"), the fraction of that stage done (0 to 1) and words for people."""
    cancelled: Callable[[], bool] = _never
    """True once the user has asked to stop."""

    def report(self, stage: str, fraction: float, words: str = "") -> None:
        """Tell how far a stage is; raises `Cancelled` when the user has asked to stop."""
        self.check()
        self.progress(stage, fraction, words)

    def check(self) -> None:
        """Raise `Cancelled` when the user has asked to stop."""
        if self.cancelled():
            raise Cancelled()
