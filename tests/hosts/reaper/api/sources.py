"""Media sources: made from files, owned by takes or by the script that made them."""

# ruff: noqa: ARG001 (every function is handed the fake and all that REAPER documents)

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hosts.reaper import media
from tests.hosts.reaper.api.registry import Refused, function
from tests.hosts.reaper.state import Source

if TYPE_CHECKING:
    from tests.hosts.reaper.host import Fake

_PEAK_STEPS = 4


@function("PCM_Source_CreateFromFile")
def create_from_file(fake: Fake, file: str) -> Source | None:
    return create_from_file_ex(fake, file, False)


@function("PCM_Source_CreateFromFileEx")
def create_from_file_ex(fake: Fake, file: str, keep_file: bool) -> Source | None:
    source = media.open_file(file)
    if source is None:
        return None
    if source.kind == "MIDI" and fake.switches.midi_into_project and not keep_file:
        source.file, source.notes = "", []
    fake.free_sources[source.uid] = source
    return source


@function("PCM_Source_Destroy")
def destroy(fake: Fake, source: Source) -> None:
    if fake.free_sources.pop(source.uid, None) is None:
        raise Refused("PCM_Source_Destroy: the source is in use by a take")


@function("PCM_Source_BuildPeaks")
def build_peaks(fake: Fake, source: Source, mode: int) -> int:
    """Percent that is left: 0 begins (0: nothing to do), 1 works on, 2 finishes."""
    left = fake.peaks.get(source.file, _PEAK_STEPS)
    if mode == 1:
        left = max(left - 1, 0)
    elif mode == 2:
        left = 0
    fake.peaks[source.file] = left
    return left * 100 // _PEAK_STEPS


@function("PCM_Source_GetSectionInfo")
def section_info(fake: Fake, source: Source) -> tuple[bool, float, float, bool]:
    if source.kind != "SECTION":
        return False, 0.0, 0.0, False
    return True, source.offset, source.length, source.reverse


@function("GetMediaSourceFileName")
def file_name(fake: Fake, source: Source) -> str:
    return source.file


@function("GetMediaSourceType")
def source_type(fake: Fake, source: Source) -> str:
    return source.kind


@function("GetMediaSourceLength")
def source_length(fake: Fake, source: Source) -> tuple[float, bool]:
    return source.length, source.is_qn


@function("GetMediaSourceNumChannels")
def source_channels(fake: Fake, source: Source) -> int:
    return source.channels


@function("GetMediaSourceSampleRate")
def source_rate(fake: Fake, source: Source) -> int:
    return source.sample_rate


@function("GetMediaSourceParent")
def source_parent(fake: Fake, source: Source) -> Source | None:
    return source.parent
