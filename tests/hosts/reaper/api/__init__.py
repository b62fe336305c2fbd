"""What the functions of the `reaper` table do, room by room."""

from tests.hosts.reaper.api import items, markers, midi, program, project, sources, takes, tempo, tracks
from tests.hosts.reaper.api.registry import FUNCTIONS, Refused

__all__ = [
    "FUNCTIONS",
    "Refused",
    "items",
    "markers",
    "midi",
    "program",
    "project",
    "sources",
    "takes",
    "tempo",
    "tracks",
]
