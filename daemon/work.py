"""What each kind of job does, inside a worker.

A job may be started again after a crash. What it has made is recorded in its own folder just before it becomes visible
("result.json": the result, and the hash of the cue about to appear), so that nothing is made twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import UnusableInput, WrongUse
from core.watch import Watch

if TYPE_CHECKING:
    from core.engines.engine import Engine
    from core.pipeline import Request, Scored
    from daemon.residents import Residents

RECORD = "result.json"
DOCUMENT = "cue.json"
"""What makes a folder a cue."""


@dataclass(frozen=True)
class Job:
    """What is to be done."""

    kind: str
    request: Mapping[str, Any]
    """The fields of the operation."""
    attachment: bytes | None
    """The timeline's text, when it travelled."""
    folder: Path
    """The job's own, kept until it has ended for good."""


@dataclass(frozen=True)
class Means:
    """What a worker has for its jobs."""

    quota: int
    """Bytes that a folder of cues may hold before a new one is refused; 0: any."""
    residents: Residents | None
    """The engines in memory; None where no music is made."""


def score(job: Job, means: Means, watch: Watch, appearing: Callable[[], None]) -> dict[str, Any]:
    """Score a timeline range; the result is `core.result.summary`.

    Raises as `core.pipeline.score` does, and `UnusableInput` where the quota is used up.
    """
    from core import engines
    from core.pipeline import score as score_range
    from core.result import summary

    watch.report("timeline", 0.0, "Reading the timeline")
    if done := done_before(job.folder):
        return done
    request = _request(job)
    check_quota(_parent(job), means.quota, watch)

    def keep(scored: Scored) -> None:
        watch.report("cue", 1.0, "The cue is whole")  # the last chance to cancel
        appearing()
        result = summary(scored.cue, scored.rendering, scored.timings)
        record(job.folder, result, scored.hidden / DOCUMENT)

    assert means.residents is not None
    engine = engines.engine(request.engine)
    means.residents.make_room_for(engine)
    try:
        made = score_range(request, watch, keep)
    finally:
        means.residents.used(engine)
    return summary(made.cue, made.rendering, made.timings)


def export(job: Job, means: Means, watch: Watch, appearing: Callable[[], None]) -> dict[str, Any]:  # noqa: ARG001
    """Write what others need from a cue; the result names the files by what was asked for.

    What was finished before a crash is not written again.

    Raises:
        WrongUse: nothing was asked for.
        UnusableInput: there is no cue, it is damaged, or the place cannot be written.
    """
    asked = job.request
    parts = [name for name in ("bwf", "sections", "preview") if asked.get(name)]
    if not parts:
        raise WrongUse("Nothing was asked for", "export", "Add --bwf, --sections, or --preview mp3 or mp4.")
    from core.cue.folder import load
    from core.cue.takes import check

    watch.report("export", 0.0, "Reading the cue")
    cue = load(Path(asked["cue"]))
    if damage := check(cue.folder, cue.take):
        raise UnusableInput(damage[0], str(cue.folder), "Bring the file back from a copy, or score again.")
    to = Path(asked["to"]) if asked.get("to") else cue.folder
    written: dict[str, Any] = {"cue": str(cue.folder), **_written_before(job.folder)}
    for number, part in enumerate(parts):
        if part not in written:
            written |= _exported(part, asked.get("preview"), cue, to, _part_of(watch, number, len(parts)))
            record(job.folder, written)
    return written


def cue(job: Job, means: Means, watch: Watch, appearing: Callable[[], None]) -> dict[str, Any]:  # noqa: ARG001
    """The result of scoring again, read from a cue that is there.

    Raises:
        UnusableInput: there is no cue, or it is damaged.
    """
    from core.brief import Rendering
    from core.cue.folder import load, notes_of
    from core.result import summary

    watch.report("cue", 0.0, "Reading the cue")
    found = load(Path(job.request["cue"]))
    notes = notes_of(found, found.take)
    return summary(found, Rendering((), notes.tracks, notes.chords, notes.how), {})


def lay(job: Job, means: Means, watch: Watch, appearing: Callable[[], None]) -> dict[str, Any]:  # noqa: ARG001
    """Where everything of a cue goes on a timeline, for the hosts' scripts; done again, what is cut already serves.

    Raises as `core.placement.placement` does.
    """
    from core.cue.folder import load
    from core.placement import placement

    watch.report("pieces", 0.0, "Reading the cue")
    asked = job.request
    return placement(
        load(Path(asked["cue"])),
        watch,
        stems=asked.get("stems") or (),
        pieces=bool(asked.get("pieces")),
        sample_rate=asked.get("sample_rate"),
    )


def reroll(job: Job, means: Means, watch: Watch, appearing: Callable[[], None]) -> dict[str, Any]:
    """A new take; see `daemon.retake`."""
    from daemon import retake

    return retake.reroll(job, means, watch, appearing)


def takes(job: Job, means: Means, watch: Watch, appearing: Callable[[], None]) -> dict[str, Any]:
    """The takes of a cue; see `daemon.retake`."""
    from daemon import retake

    return retake.takes(job, means, watch, appearing)


_WORK: Mapping[str, Callable[[Job, Means, Watch, Callable[[], None]], dict[str, Any]]] = {
    "score": score,
    "reroll": reroll,
    "takes": takes,
    "export": export,
    "cue": cue,
    "lay": lay,
}


def perform(job: Job, means: Means, watch: Watch, appearing: Callable[[], None]) -> dict[str, Any]:
    """Do a job and give its result.

    Args:
        job: what is to be done.
        means: what there is to do it with.
        watch: progress and cancellation.
        appearing: called when the job is past being cancelled, as its result is about to become visible.

    Raises:
        HitpointError: it cannot be done, or was cancelled.
    """
    if job.kind not in _WORK:
        raise WrongUse(f"There is no work of the kind {job.kind!r}", do=f"There are: {', '.join(_WORK)}.")
    return _WORK[job.kind](job, means, watch, appearing)


def warm_up() -> list[dict[str, Any]]:
    """Load what making music needs, so that a job begins at once; the engines there are, as they are listed."""
    import core.pipeline
    import core.recut
    import core.reroll
    import core.result  # noqa: F401
    from core.engines import engine, names

    return [_row(engine(name)) for name in names()]


def _row(found: Engine) -> dict[str, Any]:
    readiness = found.ready()
    return {
        "name": found.name,
        "ready": readiness.ready,
        "why": readiness.why,
        "stems": list(found.stems),
        "abilities": asdict(found.abilities),
        "configs": dict(found.configs),
    }


def sweep(kind: str, request: Mapping[str, Any]) -> None:
    """Remove what a job whose worker died has left hidden where its result was to be."""
    from core.cue.disk import remove_stale
    from daemon import retake

    with suppress(OSError, KeyError, TypeError):  # the place itself may be gone, or never have been one
        if kind in ("score", "export"):
            remove_stale(_parent(Job(kind, request, None, Path())))
        elif kind in ("reroll", "takes"):
            retake.sweep(request)


# --- places and records


def _parent(job: Job) -> Path:
    """The folder in which a job's result appears."""
    if job.request.get("to"):
        return Path(job.request["to"])
    if job.kind == "export":
        return Path(job.request["cue"])
    return Path(job.request["timeline"]).parent / "Hitpoint Cues"


def record(
    folder: Path, result: Mapping[str, Any], document: Path | None = None, take: Mapping[str, Any] | None = None
) -> None:
    """Keep what is about to become visible, whole and synced.

    Args:
        folder: the job's own.
        result: of the job.
        document: the `cue.json` of a cue that is about to appear.
        take: the entry of a take that `cue.json` is about to name, as plain data.
    """
    from core.atomic import disk_errors, write_whole

    digest = hashlib.sha256(document.read_bytes()).hexdigest() if document else ""
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / RECORD, json.dumps({"result": result, "sha256": digest, "take": take}).encode())


def _written_before(folder: Path) -> dict[str, Any]:
    """What an earlier try of an export has recorded; empty where there was none."""
    try:
        result: dict[str, Any] = json.loads((folder / RECORD).read_bytes())["result"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return result


def done_before(folder: Path, final: bool = True) -> dict[str, Any] | None:
    """The result of an earlier try whose cue, or whose take, did appear.

    Args:
        folder: the job's own.
        final: whether this is the last word on the job; else a take does not count, since what people open may still
            have to follow it.
    """
    try:
        kept = json.loads((folder / RECORD).read_bytes())
        result: dict[str, Any] = kept["result"]
        document = (Path(result["cue"]) / DOCUMENT).read_bytes()
        if take := kept.get("take"):
            cue = json.loads(document)
            return result if final and take in [*cue["takes"], *cue.get("pruned", [])] else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # no record, none that can be read, or no cue
        return None
    return result if hashlib.sha256(document).hexdigest() == kept.get("sha256") else None


# --- score


def _request(job: Job) -> Request:
    """The request as the pipeline takes it."""
    from core.pipeline import Request

    asked = {name: value for name, value in job.request.items() if value is not None}
    renamed = {"in": "in_text", "out": "out_text"}
    known = Request.__dataclass_fields__.keys() - {"content"}
    fields = {renamed.get(name, name): value for name, value in asked.items()}
    options: dict[str, Any] = {name: value for name, value in fields.items() if name in known}
    for name in ("timeline", "to", "soundfont"):
        if name in options:
            options[name] = Path(options[name])
    return Request(content=job.attachment, **options)


def check_quota(parent: Path, quota: int, watch: Watch) -> None:
    """Refuse a new cue where those beside it hold more than the quota.

    Raises:
        UnusableInput: they do; the sentence says how much.
    """
    if not quota:
        return
    held = 0
    for document in parent.glob(f"*/{DOCUMENT}"):
        for file in document.parent.rglob("*"):
            watch.check()
            with suppress(OSError):
                held += file.lstat().st_size
    if held > quota:
        raise UnusableInput(
            f"The cues here hold {held / 1e9:.1f} GB; the quota is {quota / 1e9:g} GB",
            str(parent),
            "Remove cues that are no longer needed, choose another folder, or raise cue_quota_gb in settings.toml.",
        )


# --- export


def _exported(part: str, preview: str | None, cue: Any, to: Path, watch: Watch) -> dict[str, Any]:
    """Write one part of an export; its files by its name."""
    from core.cue import export as exports
    from core.timeline.archive import open_media

    edit, take = cue.brief.edit, cue.take
    stems: dict[str, Path] = {name: cue.folder / saved.file for name, saved in take.stems.items()}
    mix = cue.folder / take.mix.file
    if part == "bwf":
        stamped = exports.bwf({**stems, "mix": mix}, edit.range, to, edit.name, watch)
        return {"bwf": {name: str(file) for name, file in stamped.items()}}
    if part == "sections":
        pieces = exports.sections(stems, cue.brief.plan.sections, edit.range, to, watch)
        return {"sections": {name: [str(file) for file in files] for name, files in pieces.items()}}
    if preview == "mp3":
        return {"preview": str(exports.preview_mp3(mix, to, edit.name, watch))}
    if preview == "mp4":
        movie, encoder = exports.preview_mp4(edit, mix, to, edit.name, watch, open_media)
        return {"preview": str(movie), "encoder": encoder}
    raise WrongUse(f"There is no preview {preview!r}", "--preview", "Choose mp3 or mp4.")


def _part_of(watch: Watch, number: int, count: int) -> Watch:
    """A watch for one of several equal parts."""

    def progress(stage: str, fraction: float, words: str) -> None:
        watch.progress(stage, (number + fraction) / count, words)

    return Watch(progress, watch.cancelled)
