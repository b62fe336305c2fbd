"""What the five actions do: score, reroll, next, previous, cancel."""

from contextlib import suppress
from typing import Any, Callable, Dict, List, Optional, Tuple

from . import mailbox, markers, music, placing, report, request, state, timeline
from .host import Session, Stop, ask, before, now, still, table, whole
from .placing import Result
from .timeline import Facts, Range

SHORT = 10  # seconds that a short answer may take


class Asked:
    """What whoever starts the script asks for besides the action; nothing of it need be said."""

    def __init__(
        self,
        first: Optional[int] = None,
        last: Optional[int] = None,
        stems: Optional[List[str]] = None,
        seed: Optional[int] = None,
    ) -> None:
        self.first = first
        self.last = last
        self.stems = stems or []
        self.seed = seed

    def span(self, facts: Facts) -> Optional[Range]:
        """The range that is asked for, frames from the timeline's first; None where the timeline itself says it."""
        if self.first is None and self.last is None:
            return None
        last = facts.length if self.last is None else self.last
        return timeline.check(Range("asked", self.first or 0, last), facts)


def _lay(session: Session, placement: Dict[str, Any], kinds: str, results: List[Result]) -> Tuple[Any, bool]:
    """Lay a placement's stems and markers, and confirm both: the markers' counts, and whether all of it stands."""
    place = placing.aim(session, placement)
    report.sentences(session, place.said)
    placing.place_all(session, place, results)
    end = whole(ask(session, "GetEndFrame"))
    length = place.facts.length if end is None else end - place.facts.start
    marked = markers.reconcile(session, placement, kinds, length)
    placing.confirm(session, results)
    return marked, placing.is_complete(place, results)


def _place_answer(session: Session, request_id: str, answer: Dict[str, Any]) -> bool:
    """Place an answer and say what became of it. Only when all of it stands may the daemon forget it."""
    results: List[Result] = []
    marked, complete = None, False
    why: Optional[Exception] = None
    placement = answer["placement"]
    kinds = table(answer.get("options")).get("markers") or mailbox.options(session).get("markers") or "all"
    try:
        with state.kept(session):
            marked, complete = _lay(session, placement, kinds, results)
    except Exception as stopped:  # first it is said what was done; then it goes on its way
        why = stopped
    report.sentences(session, answer.get("said"), placement.get("said"))
    report.stems(session, results)
    if marked is not None:
        report.markers(session, marked)
    if why is not None:
        raise why
    report.hits(session, placement)
    if not complete:
        session.say(
            "not everything could be placed. Mend what is said above, then call this again: "
            "what is ready is placed then."
        )
        return False
    session.say('take {} of "{}" is on the timeline.'.format(placement["take"], placement["cue"]["name"]))
    try:
        mailbox.placed(session, request_id)
    except Stop as stopped:
        session.say(str(stopped))
    return True


def _newest(session: Session) -> List[Tuple[List[str], Dict[str, Any]]]:
    """Of the answers that nobody laid, the last of each cue, with the ids of all of that cue, the last one last."""
    by: Dict[str, Tuple[List[str], Dict[str, Any]]] = {}
    for each in mailbox.ready(session):
        answer = mailbox.answer_of(session, each)
        if answer and answer.get("ok") and isinstance(answer.get("placement"), dict):
            cue = answer["placement"]["cue"]["id"]
            by[cue] = (by[cue][0] if cue in by else []) + [each], answer
    return list(by.values())


def _place_ready(session: Session, is_asked: Callable[[Dict[str, Any]], bool]) -> bool:
    """Place what earlier runs asked for and nobody laid. Whether one of them is what this run is asked for."""
    served = False
    for ids, answer in _newest(session):
        session.say("an earlier request is ready; it is placed first.")
        complete = _place_answer(session, ids[-1], answer)
        with suppress(Stop):  # what is not forgotten now is laid once more, which changes nothing
            for older in ids[:-1] if complete else ():
                mailbox.placed(session, older)
        served = served or (complete and is_asked(answer))
    return served


def _listener(session: Session) -> Callable[[Optional[Dict[str, Any]]], None]:
    """Progress as it is heard: a line whenever it has moved on by a tenth or the stage changed."""
    last = [("", 0)]

    def hear(progress: Optional[Dict[str, Any]]) -> None:
        if progress is None:
            return
        done = progress.get("progress") or 0
        tenth = (str(progress.get("stage")), int(done * 10))
        if tenth != last[0]:
            last[0] = tenth
            session.say("{} % {}".format(whole(done * 100), progress.get("words") or progress.get("stage") or ""))

    return hear


def _sentence_of(answer: Dict[str, Any]) -> str:
    failure = table(answer.get("error"))
    said = failure.get("sentence") or failure.get("what")
    return str(said or "the program gave no answer that this script understands")


def _carry_out(session: Session, fields: Dict[str, Any]) -> Dict[str, Any]:
    """Send a request and wait for what comes of it."""
    mailbox.send(session, fields)
    session.say("asked for; waiting. Cancel with Workspace > Scripts > Hitpoint > Cancel.")
    try:
        answer = mailbox.await_answer(session, fields, _listener(session))
    except KeyboardInterrupt:
        mailbox.send(session, dict(request.fields_of(session, "cancel"), of=fields["id"]), True)
        raise Stop("cancelled.") from None
    if not answer.get("ok"):
        raise Stop(_sentence_of(answer))
    if not isinstance(answer.get("placement"), dict):
        raise Stop("the program's answer holds no music. Run: hitpoint doctor")
    return answer


def _range_fields(session: Session, action: str, facts: Facts, first: int, last: int, asked: Asked) -> Dict[str, Any]:
    fields = request.fields_of(session, action)
    fields.update({"in": first, "out": last, "df": int(facts.drop), "sr": facts.sample_rate, "seed": asked.seed})
    return fields


def _score_span(session: Session, facts: Facts, fields: Dict[str, Any]) -> bool:
    """Send, wait, and place with a word about what changed meanwhile."""
    first, last = fields["in"], fields["out"]
    picture = timeline.picture(session, facts, first, last)
    answer = _carry_out(session, fields)
    if still(session) and timeline.picture(session, timeline.read(session), first, last) != picture:
        session.say(
            "the picture in the range has changed since this was asked for; "
            "the music was written for the picture as it was."
        )
    now(session)
    return _place_answer(session, fields["id"], answer)


def score(session: Session, asked: Asked) -> bool:
    """Score the range; whether all of it is on the timeline."""
    facts = timeline.read(session)
    chosen = asked.span(facts) or timeline.choose(session, facts)

    def is_asked(answer: Dict[str, Any]) -> bool:
        told = table(answer.get("range"))
        return answer.get("action") == "score" and (told.get("in"), told.get("out")) == (chosen.first, chosen.last)

    if _place_ready(session, is_asked):
        session.say("call this again to score the same range anew.")
        return True
    mailbox.wake(session)
    session.say(f"scores {chosen.words()}.")
    if chosen.by == "timeline" and before(session, "19.1"):
        colour = timeline.COLOUR
        session.say(f"this Resolve tells scripts of no in and out marks. For a part, colour its clips {colour}.")
    fields = _range_fields(session, "score", facts, chosen.first, chosen.last, asked)
    fields["nm"] = session.timeline_name
    return _score_span(session, facts, fields)


def reroll(session: Session, asked: Asked) -> bool:
    """Write a part anew; whether all of it is on the timeline."""
    if _place_ready(session, lambda answer: answer.get("action") == "reroll"):
        session.say("call this again to re-roll once more.")
        return True
    facts = timeline.read(session)
    hole = music.hole(session, facts, asked.span(facts))
    mailbox.wake(session)
    fields = _range_fields(session, "reroll", facts, hole.first, hole.last, asked)
    fields["cue"], fields["stems"] = hole.cue, asked.stems or hole.stems
    stems = ", ".join(fields["stems"]) or "all stems"
    session.say(f"re-rolls {stems} in frames {hole.first} to {hole.last - 1}.")
    return _score_span(session, facts, fields)


def _turn(session: Session, action: str) -> bool:
    """Another take of the cue, all stems together."""
    if _place_ready(session, lambda answer: answer.get("action") == action):
        session.say("call this again for the take after it.")
        return True
    facts = timeline.read(session)
    fields = request.fields_of(session, action)
    fields["cue"], fields["sr"] = music.cue_meant(session, facts), facts.sample_rate
    mailbox.wake(session)
    answer = _carry_out(session, fields)
    now(session)
    return _place_answer(session, fields["id"], answer)


def next_take(session: Session, _: Asked) -> bool:
    """Lay the take after the one in use; whether all of it is on the timeline."""
    return _turn(session, "next")


def previous_take(session: Session, _: Asked) -> bool:
    """Lay the take before the one in use; whether all of it is on the timeline."""
    return _turn(session, "previous")


def cancel(session: Session, _: Asked) -> bool:
    """Stop what runs for this timeline; whether that is known to be done."""
    if not mailbox.daemon(session):
        session.say("its program is not running, so nothing runs that could be cancelled.")
        return True
    fields = request.fields_of(session, "cancel")
    mailbox.send(session, fields)
    answer = mailbox.await_briefly(session, fields, SHORT)
    if answer is None:
        session.say("the program has not answered yet; the cancel is in its mailbox.")
        return False
    if not answer.get("ok"):
        raise Stop(_sentence_of(answer))
    count = len(answer.get("cancelled") or ())
    session.say(f"cancelled ({count})." if count else "nothing was running for this timeline.")
    return True


ACTIONS: Dict[str, Callable[[Session, Asked], bool]] = {
    "score": score,
    "reroll": reroll,
    "next": next_take,
    "previous": previous_take,
    "cancel": cancel,
}
