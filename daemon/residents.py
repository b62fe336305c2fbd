"""The engines that stay in memory between jobs, under a budget."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections import OrderedDict

from core.engines.engine import Engine


class Residents:
    """Engines by when they were last used; those used longest ago are given back first.

    Args:
        budget: bytes that all engines may hold together while no job runs.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._used: OrderedDict[str, Engine] = OrderedDict()
        self._sizes: dict[str, int] = {}
        """What each held when it was last used, also when that was given back since."""

    def make_room_for(self, engine: Engine) -> None:
        """Before an engine is used: let go of others until it fits, as far as is known what it will hold."""
        self._shrink(self._budget - max(self._sizes.get(engine.name, 0), engine.held()), sparing=engine.name)

    def used(self, engine: Engine) -> None:
        """After an engine was used: it stays, and others go where that is too much. One too large alone goes too."""
        self._used[engine.name] = engine
        self._used.move_to_end(engine.name)
        self._sizes[engine.name] = engine.held()
        self._shrink(self._budget)

    def held(self) -> dict[str, int]:
        """Bytes by engine, of those that hold any."""
        return {name: size for name, engine in self._used.items() if (size := engine.held())}

    def release(self) -> None:
        """Give everything back, to the device and to the system."""
        for engine in self._used.values():
            engine.release()
        self._used.clear()
        _give_back()

    def _shrink(self, budget: int, sparing: str = "") -> None:
        """Release engines, the one used longest ago first, until the rest hold no more than the budget."""
        released = False
        for name in [name for name in self._used if name != sparing]:
            if sum(size for other, size in self.held().items() if other != sparing) <= budget:
                break
            self._used.pop(name).release()
            released = True
        if released:
            _give_back()


def _give_back() -> None:
    """Hand freed memory back: Python and the allocators would keep it."""
    gc.collect()
    if torch := sys.modules.get("torch"):  # an engine has loaded it
        torch.cuda.empty_cache()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it, musl has not
        if trim is not None:
            trim(0)
