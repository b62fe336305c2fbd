"""The tonal palettes of the eight styles."""

from __future__ import annotations

from collections.abc import Mapping

from core.engines.composer.palette import Palette
from core.engines.composer.styles.action import ACTION
from core.engines.composer.styles.ambient import AMBIENT
from core.engines.composer.styles.comedy import COMEDY
from core.engines.composer.styles.documentary import DOCUMENTARY
from core.engines.composer.styles.electronic import ELECTRONIC
from core.engines.composer.styles.lo_fi import LO_FI
from core.engines.composer.styles.tension import TENSION
from core.engines.composer.styles.uplift import UPLIFT

PALETTES: Mapping[str, Palette] = {
    "tension": TENSION,
    "action": ACTION,
    "uplift": UPLIFT,
    "documentary": DOCUMENTARY,
    "comedy": COMEDY,
    "ambient": AMBIENT,
    "electronic": ELECTRONIC,
    "lo-fi": LO_FI,
}
"""By style name."""
