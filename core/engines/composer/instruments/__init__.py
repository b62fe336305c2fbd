"""The orchestra: every instrument by name, synthesised by this project.

How to read an instrument is in `stroke`; what each one is stands with its function, family by family.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from core.engines.composer.instruments.bass import BASSES
from core.engines.composer.instruments.blown import BLOWN
from core.engines.composer.instruments.bowed import BOWED
from core.engines.composer.instruments.cymbals import CYMBALS
from core.engines.composer.instruments.drums import DRUMS
from core.engines.composer.instruments.effects import EFFECTS
from core.engines.composer.instruments.levels import LEVELS
from core.engines.composer.instruments.plucked import PLUCKED
from core.engines.composer.instruments.stroke import Instrument
from core.engines.composer.instruments.struck import STRUCK
from core.engines.composer.instruments.synth import SYNTHS

INSTRUMENTS: Mapping[str, Instrument] = {
    instrument.name: replace(instrument, level_db=LEVELS[instrument.name])
    for instrument in (*DRUMS, *CYMBALS, *BASSES, *STRUCK, *PLUCKED, *BOWED, *BLOWN, *SYNTHS, *EFFECTS)
}
"""Every instrument by name, set to the reference loudness."""

__all__ = ["INSTRUMENTS", "Instrument"]
