"""From a script's request to its answer: what each action asks of the daemon, as any client does.

Each piece of work has an id that follows from the request, so that a request which is found again after a crash is the
same work, and has the same answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import Cancelled, UnusableInput, WrongUse
from daemon.client import FINISHED, Client
from daemon.home import Home
from daemon.hosts import memory
from daemon.hosts.cues import cues_folder, folder_name, is_cue, place_for
from daemon.hosts.looking import SIGN, aside
from daemon.hosts.options import AUTO, Options, options_of, plain, remember
from daemon.hosts.request import HostRequest, job_prefix

RATES = (44_100, 48_000, 96_000)
"""Sample rates that music is written at, Hz; for other projects it is resampled."""
USUAL_RATE = 48_000
LISTED = 1000
"""Jobs that are looked through for those to be cancelled."""

Answer = dict[str, Any]

_JOB = re.compile(r"host-([a-z0-9]{8,16})-")


def serve(
    request: HostRequest,
    client: Client,
    home: Home,
    progress: Callable[[Mapping[str, Any]], None],
    cancelled: Callable[[], bool],
) -> Answer:
    """Do what a script asks.

    Args:
        request: what it asks.
        client: of the daemon; its name is `request.client`.
        home: of the options that are remembered.
        progress: called with `progress` (0 to 1), `stage` and `words`.
        cancelled: once it is true, the work is cancelled.

    Returns:
        The fields of the answer that belong to the action: docs/mailbox.md.

    Raises:
        Cancelled: it was cancelled.
        HitpointError: it cannot be done.
    """
    return _ACTIONS[request.action](_Errand(request, client, home, progress, cancelled))


def choices(engines: Sequence[Mapping[str, Any]], cancelled: Callable[[], bool]) -> dict[str, Any]:
    """Engines and styles as scripts offer them.

    Args:
        engines: as the daemon tells them.
        cancelled: whether nobody waits any more.

    Raises:
        Cancelled: nobody waited any more.
        HitpointError: the styles cannot be told.
    """
    found, _ = aside({"do": "styles"}, b"", cancelled)
    rows = [{"name": row["name"], "ready": row.get("ready", False), "stems": row.get("stems", [])} for row in engines]
    return {"engines": rows, "styles": found["styles"]}


@dataclass(frozen=True)
class _Errand:
    """One request on its way."""

    request: HostRequest
    client: Client
    home: Home
    progress: Callable[[Mapping[str, Any]], None]
    cancelled: Callable[[], bool]

    def options(self) -> Options:
        """The options that hold for it."""
        return options_of(self.home, self.request.project, self.request.wishes)

    def work(
        self, op: str, part: str, share: tuple[float, float], attachment: bytes | None = None, **fields: Any
    ) -> Answer:
        """Have the daemon do something and wait for it.

        Args:
            op: the operation.
            part: what this work's id ends with; empty for the music itself.
            share: which part of the whole it is, from and to.
            attachment: of the request.
            fields: of the operation.
        """
        if self.cancelled():
            raise Cancelled()
        job = f"{self.request.job}{part}"
        try:
            self.client.ask(op, attachment, job=job, **fields)
        except WrongUse:
            if not self._there(job):
                raise
            # Found again after a crash, with settings that have changed since: it goes on as it was asked for.

        def show(told: Mapping[str, Any]) -> None:
            fraction = share[0] + (share[1] - share[0]) * told["progress"]
            self.progress({"progress": fraction, "stage": told["stage"] or told["state"], "words": _words(told)})

        return self.client.follow(job, show, self.cancelled)

    def _there(self, job: str) -> bool:
        try:
            self.client.ask("job", job=job)
        except WrongUse:
            return False
        return True

    def look(self, whole: bool) -> Answer:
        """Find the cue and, where `whole` is asked for, see whether its edit has changed."""
        self.progress({"progress": 0.0, "stage": "cue", "words": "Looking for the cue"})
        asked = self.request.cue
        by_id = self.request.host == "resolve"
        known = memory.recall(self.home)["cues"].get(asked)
        order = {
            "do": "look",
            "cue": asked if by_id else "",
            "folders": ([known] if known else []) if by_id else [asked],
            "search": [str(cues_folder(self.home))] if by_id else [],
            "whole": whole,
        }
        found, _ = aside(order, self.request.content, self.cancelled)
        return found

    def folder(self) -> str:
        """The cue's folder: where it was when it was laid last, else where it is found."""
        if self.request.host == "reaper":
            return self.request.cue
        known = memory.recall(self.home)["cues"].get(self.request.cue)
        return known if known and is_cue(Path(known)) else str(self.look(whole=False)["folder"])

    def lay(self, cue: str, options: Options, stems: Sequence[str], share: tuple[float, float]) -> Answer:
        """The placement of the take in use, as the script lays it.

        Args:
            cue: its folder.
            options: which stems and markers are laid.
            stems: those that the cue has; none where that is not known.
            share: which part of the whole it is.
        """
        for_resolve = self.request.host == "resolve"
        wanted = [name for name in options.stems if name in stems]
        rate = self.request.sample_rate if for_resolve else None
        laid = self.work("lay", "-lay", share, cue=cue, stems=wanted, pieces=for_resolve, sample_rate=rate)
        memory.remember_cue(self.home, laid["cue"]["id"], laid["cue"]["folder"])
        chosen = [stem for stem in laid["stems"] if stem["name"] in options.stems]
        markers = [
            one
            for one in laid["markers"]
            if options.markers == "all" or (options.markers, one["kind"]) == ("hits", "hit")
        ]
        if for_resolve:  # there the notes alone tell our markers from the editor's, once they are exported
            markers = [{**one, "note": f"{SIGN}: {one['note']}" if one["note"] else SIGN} for one in markers]
        return {**laid, "stems": chosen or laid["stems"], "markers": markers}

    def answer(self, placement: Answer, options: Options, said: Sequence[str]) -> Answer:
        """The answer in which a cue is laid."""
        sentences = [*said, *placement["said"]]
        if options.stems and not {stem["name"] for stem in placement["stems"]} <= set(options.stems):
            sentences.append(
                f"This cue has none of the stems that were chosen ({', '.join(options.stems)}); all are laid."
            )
        return {"placement": placement, "options": plain(options), "said": list(dict.fromkeys(sentences))}


def _words(job: Mapping[str, Any]) -> str:
    """How a job is, for people."""
    if job["words"] or job["state"] != "queued":
        return str(job["words"])
    before = int(job.get("place") or 0)
    return f"Waiting for {before} other{'s' * (before > 1)}" if before else "About to begin"


# --- the actions


def _score(errand: _Errand) -> Answer:
    request, options = errand.request, errand.options()
    place, said = place_for(request, errand.home)
    errand.progress({"progress": 0.0, "stage": "timeline", "words": "Reading the timeline"})
    order = {"do": "prepare", "name": request.name, "drop_frame": request.drop_frame}
    found, content = aside(order, request.content, errand.cancelled)
    result = errand.work(
        "score",
        "",
        (0.0, 0.9),
        content,
        **{
            "timeline": str(Path(found["share"] or place) / f"{folder_name(request.name)}.otio"),
            "in": f"{request.start_frame}f",
            "out": f"{request.end_frame}f",
            "engine": options.engine,
            "style": None if options.style == AUTO else options.style,
            "under_speech": options.under_speech,
            "seed": request.seed
            if request.seed is not None
            else options.seed
            if isinstance(options.seed, int)
            else None,
            "to": str(place),
            "sample_rate": request.sample_rate if request.sample_rate in RATES else USUAL_RATE,
        },
    )
    placement = errand.lay(result["cue"], options, list(result["stems"]), (0.9, 1.0))
    answer = errand.answer(placement, options, [*said, *result["offline"], *result["said"]])
    return {**answer, "range": {"in": request.start_frame, "out": request.end_frame}}


def _reroll(errand: _Errand) -> Answer:
    request, options = errand.request, errand.options()
    found = errand.look(whole=True)
    first = max(request.start_frame, found["start"])
    end = min(request.end_frame, found["start"] + found["frames"])
    if end <= first:
        raise UnusableInput("The selection lies outside of the cue", found["folder"], "Select a part of its music.")
    result = errand.work(
        "reroll",
        "",
        (0.02, 0.9),
        # Frames from the timeline's start: they hold also where its timecode starts elsewhere by now.
        **{"cue": found["folder"], "in": f"{first}f", "out": f"{end}f"},
        stems=list(request.stems),
        seed=request.seed,
    )
    said = []
    if found["changed"]:
        remedy = "Score range, or `hitpoint reroll CUE --timeline EDIT`, follows the edit."
        said.append(f"The edit has changed since this cue was scored. {found['changed']} {remedy}")
    placement = errand.lay(result["cue"], options, list(result["stems"]), (0.9, 1.0))
    return errand.answer(placement, options, [*said, *result["said"]])


def _next(errand: _Errand) -> Answer:
    return _step(errand, 1)


def _previous(errand: _Errand) -> Answer:
    return _step(errand, -1)


def _step(errand: _Errand, step: int) -> Answer:
    """Put the take after or before the one in use in use, and lay it; at the end the same one again, and say so."""
    options, folder = errand.options(), errand.folder()
    rows = errand.work("takes", "-takes", (0.0, 0.1), cue=folder)["takes"]
    numbers = [row["take"] for row in rows]
    now = next(place for place, row in enumerate(rows) if row["in_use"])
    if not 0 <= now + step < len(numbers):
        said = [f"Take {numbers[now]} is the {'latest' if step > 0 else 'first'}."]
        return errand.answer(errand.lay(folder, options, (), (0.1, 1.0)), options, said)
    result = errand.work("takes", "-use", (0.1, 0.4), cue=folder, use=numbers[now + step])
    return errand.answer(errand.lay(result["cue"], options, list(result["stems"]), (0.4, 1.0)), options, result["said"])


def _place(errand: _Errand) -> Answer:
    options, folder = errand.options(), errand.folder()
    return errand.answer(errand.lay(folder, options, (), (0.0, 1.0)), options, ())


def _placed(errand: _Errand) -> Answer:
    memory.forget_ready(errand.home, frozenset({errand.request.of}))
    return {}


def _cancel(errand: _Errand) -> Answer:
    """Cancel what this timeline waits for; what runs says so itself in the answer to its own request."""
    request, client = errand.request, errand.client
    found = {}
    for job in client.ask("jobs", limit=LISTED)["jobs"]:
        named = _JOB.match(job["id"])
        meant = job["id"].startswith(job_prefix(request.of)) if request.of else job["client"] == request.client
        if named and meant and job["state"] not in FINISHED:
            client.ask("cancel", job=job["id"])
            found[named[1]] = True
    return {"cancelled": list(found)}


def _options(errand: _Errand) -> Answer:
    return {"options": plain(remember(errand.home, errand.request.project, errand.request.wishes))}


def _choices(errand: _Errand) -> Answer:
    told = choices(errand.client.ask("engines")["engines"], errand.cancelled)
    return {**told, "options": plain(errand.options())}


_ACTIONS: Mapping[str, Callable[[_Errand], Answer]] = {
    "score": _score,
    "reroll": _reroll,
    "next": _next,
    "previous": _previous,
    "place": _place,
    "placed": _placed,
    "cancel": _cancel,
    "options": _options,
    "choices": _choices,
}
