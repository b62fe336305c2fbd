"""Jobs that change a cue that stands: re-rolls, and the choice among its takes.

A take is added once. What identifies it, its whole entry in `cue.json`, is recorded in the job's folder just before
that document names it; a job that is taken up again finds the entry there, whatever was re-rolled, chosen or pruned
since.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import Cancelled, UnusableInput
from core.watch import Watch
from daemon.work import DOCUMENT, RECORD, Job, Means, check_quota, done_before, record

if TYPE_CHECKING:
    from core.adding import Rerolled
    from core.cue.folder import Cue
    from core.recut import Followed

Appearing = Callable[[], None]


def reroll(job: Job, means: Means, watch: Watch, appearing: Appearing) -> dict[str, Any]:
    """Write a part of a cue anew; the result is `core.result.summary` of the new take.

    Where a timeline is named, follow that changed edit instead; the result is that of the cue made for it.

    Raises as `core.reroll.reroll` and `core.recut.recut` do.
    """
    from core.reroll import Reroll
    from core.reroll import reroll as write_anew
    from core.result import summary

    watch.check()
    asked = job.request
    if asked.get("timeline"):
        return _follow_edit(job, means, watch, appearing)
    if done := _made_before(job, watch):
        return done
    place = Path(asked["cue"])
    request = Reroll(
        place, seed=asked.get("seed"), style=asked.get("style"), prompt=asked.get("prompt"), **_part(asked)
    )
    with _engine_at_hand(means, place):
        made = write_anew(request, watch, _recording(job, watch, appearing))
    return summary(made.cue, made.rendering, made.timings)


def _follow_edit(job: Job, means: Means, watch: Watch, appearing: Appearing) -> dict[str, Any]:
    """A cue for a changed edit; the music stays where the picture did.

    Raises as `core.recut.recut` does, and `UnusableInput` where the quota is used up.
    """
    from core.recut import Recut, recut
    from core.result import summary

    watch.report("timeline", 0.0, "Reading the timeline")
    if done := done_before(job.folder):
        return done
    asked = job.request
    place, to = Path(asked["cue"]), Path(asked["to"]) if asked.get("to") else None
    request = Recut(
        place, Path(asked["timeline"]), asked.get("in"), asked.get("out"), asked.get("seed"), to, job.attachment
    )

    def keep(made: Followed) -> None:
        watch.report("cue", 1.0, "The cue is whole")  # the last chance to cancel
        appearing()
        record(job.folder, summary(made.cue, made.rendering, made.timings), made.hidden / DOCUMENT)

    with _engine_at_hand(means, place) as cue:
        check_quota(to or cue.folder.absolute().parent, means.quota, watch)
        made = recut(request, watch, keep)
    return summary(made.cue, made.rendering, made.timings)


@contextmanager
def _engine_at_hand(means: Means, place: Path) -> Iterator[Cue]:
    """The cue, and room in memory for its engine while the block runs."""
    from core import engines
    from core.cue.folder import load

    cue = load(place)
    engine = engines.engine(cue.made_by.engine)
    assert means.residents is not None
    means.residents.make_room_for(engine)
    try:
        yield cue
    finally:
        means.residents.used(engine)


def takes(job: Job, means: Means, watch: Watch, appearing: Appearing) -> dict[str, Any]:  # noqa: ARG001
    """Tell of the takes of a cue, or do with them what is asked.

    Raises as `core.comp.comp` and `core.cue.taking` do.
    """
    watch.check()
    place = Path(job.request["cue"])
    if job.request.get("use") is not None:
        part = _part(job.request)
        return _comp(job, place, part, watch, appearing) if any(part.values()) else _use(job, place, watch)
    if job.request.get("verify"):
        return _verify(place, watch)
    if job.request.get("prune"):
        return _prune(job, place, watch)
    from core.cue.folder import load
    from core.cue.taking import rows

    cue = load(place)
    return {"cue": str(cue.folder), "takes": rows(cue)}


def _part(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The part that is meant, as the core takes it."""
    return {
        "in_text": asked.get("in"),
        "out_text": asked.get("out"),
        "stems": tuple(asked.get("stems") or ()),
        "snap": asked.get("snap"),
    }


# --- the takes


def _comp(job: Job, place: Path, part: Mapping[str, Any], watch: Watch, appearing: Appearing) -> dict[str, Any]:
    """A part of another take, as a new take."""
    from core.comp import comp
    from core.result import summary

    if done := _made_before(job, watch):
        return done
    heard = _recording(job, watch, appearing)
    made = comp(place, job.request["use"], watch=watch, about_to_appear=heard, **part)
    return summary(made.cue, made.rendering, made.timings)


def _use(job: Job, place: Path, watch: Watch) -> dict[str, Any]:
    """Put a take in use; the result is that of scoring, for this take."""
    from core.cue.folder import rendering_of
    from core.cue.taking import use
    from core.result import summary

    cue = use(place, job.request["use"], watch)
    return {"chosen": cue.in_use, **summary(cue, rendering_of(cue, cue.take), {})}


def _verify(place: Path, watch: Watch) -> dict[str, Any]:
    """Read everything again.

    Raises:
        UnusableInput: something is not what was saved; every such take is named, and its first few files.
    """
    from core.cue.damage import damaged
    from core.cue.folder import load

    def told(_: str, fraction: float, words: str) -> None:
        watch.progress("check", fraction, words)

    cue = load(place)
    if found := damaged(cue.folder, cue.takes, Watch(told, watch.cancelled)):
        in_use = "one of them" if cue.in_use in found else "whole"
        raise UnusableInput(
            f"{' '.join(found.values())} Take {cue.in_use}, in use, is {in_use}",
            str(cue.folder),
            "Bring the files back from a copy, or use a take that is whole.",
        )
    return {"cue": str(cue.folder), "verified": [take.number for take in cue.takes]}


def _prune(job: Job, place: Path, watch: Watch) -> dict[str, Any]:
    """Remove the takes that nothing needs; what an earlier try of this job has removed counts too."""
    from core.cue.folder import load
    from core.cue.taking import prune

    before = _recorded(job.folder).get("before")
    if not isinstance(before, list):
        before = [take.number for take in load(place).takes]
        record(job.folder, {"before": before})
    prune(place, watch)
    _let_follow(place, watch)
    cue = load(place)
    staying = {take.number for take in cue.takes}
    return {"cue": str(cue.folder), "pruned": [number for number in before if number not in staying]}


# --- once


def _recording(job: Job, watch: Watch, appearing: Appearing) -> Callable[[Rerolled], None]:
    """Keeps what is needed to know the take again, just before it is added."""
    from core.cue.document import plain
    from core.result import summary

    def keep(made: Rerolled) -> None:
        watch.report("cue", 0.0, "The take is whole")  # the last chance to cancel
        appearing()
        record(job.folder, summary(made.cue, made.rendering, made.timings), take=plain(made.cue.take))

    return keep


def _made_before(job: Job, watch: Watch) -> dict[str, Any] | None:
    """The result of an earlier try that did add its take; None where none did."""
    result = done_before(job.folder)
    if result is not None:
        _let_follow(Path(result["cue"]), watch)
    return result


def _let_follow(place: Path, watch: Watch) -> None:
    """Write what people open of a cue again, where it does not show what `cue.json` says; that is not cancelled."""
    from core.cue.changing import changing
    from core.cue.showing import is_current, refresh

    going_on = Watch(watch.progress)
    with changing(place, going_on) as change:
        if not is_current(change.cue):
            refresh(change.cue, going_on)


def _recorded(folder: Path) -> dict[str, Any]:
    """What an earlier try has recorded; empty where there was none."""
    try:
        result = json.loads((folder / RECORD).read_bytes())["result"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return result if isinstance(result, dict) else {}


def sweep(request: Mapping[str, Any]) -> None:
    """Remove what a worker that died has left hidden, unless somebody changes that cue now."""
    from core.cue.changing import changing
    from core.cue.disk import remove_stale

    place = Path(request["cue"])
    if request.get("timeline"):
        cue = place.parent if place.name == DOCUMENT else place
        remove_stale(Path(request.get("to") or cue.parent))
        return
    try:
        with changing(place, Watch(cancelled=lambda: True)):
            pass
    except (Cancelled, UnusableInput):
        return  # whoever changes it sweeps too
