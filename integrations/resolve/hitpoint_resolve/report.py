"""What a run did, line by line. Only what was read back is claimed."""

from typing import Any, Dict, List

from .host import Session, listed, table, whole
from .markers import Counts
from .placing import Result


def _plural(count: int, word: str) -> str:
    return "{} {}{}".format(count, word, "" if count == 1 else "s")


def _details(result: Result) -> str:
    words = (("laid", "laid"), ("kept", "in place already"), ("edited", "left as you edited it"))
    counts = [(sum(one.how == how for one in result.present), said) for how, said in words]
    parts = [f"{count} {said}" for count, said in counts if count]
    short = max([one.short for one in result.present] or [0])
    if short:
        parts.append(_plural(short, "frame") + " shorter than asked")
    return ", ".join(parts)


def _stem_line(result: Result) -> str:
    where = f"landed {min(one.start for one in result.present)}" if result.present else "not landed"
    share = "" if len(result.present) == result.total else f"{len(result.present)} of "
    line = "{} asked {} {} ({}{})".format(result.name, result.asked, where, share, _plural(result.total, "piece"))
    more = _details(result)
    return line + ": " + more if more else line


def _failures(session: Session, result: Result) -> None:
    """Failures of one reason are said once: it is the reason that helps."""
    by: Dict[str, List[int]] = {}
    for piece, why in result.failed:
        by.setdefault(why or "Resolve gave no reason", []).append(piece.start)
    for why, frames in by.items():
        if len(frames) > 3:
            where = f"{len(frames)} pieces from frame {frames[0]}"
        else:
            where = "at frame " + ", ".join(map(str, frames))
        session.say(f"{result.name} failed {where}: {why}.")


def stems(session: Session, results: List[Result]) -> None:
    """One line for each stem: asked frame, landed frame, pieces; then what there is to say about it."""
    for result in results:
        session.say(_stem_line(result))
        for words in result.said:
            session.say(f"{result.name} {words}.")
        _failures(session, result)


def markers(session: Session, counts: Counts) -> None:
    """What became of the markers."""
    kinds = (
        (counts.set, "set"),
        (counts.kept, "in place already"),
        (counts.removed, "of ours removed"),
        (counts.occupied, "left out, since another marker stands on that frame"),
        (counts.outside, "left out, since they lie outside the timeline"),
        (counts.refused, "refused by Resolve"),
    )
    parts = [f"{count} {words}" for count, words in kinds if count > 0]
    if parts:
        session.say("markers: " + ", ".join(parts) + ".")


def hits(session: Session, placement: Dict[str, Any]) -> None:
    """How many hits the music meets, and what a steady click would."""
    told = table(placement.get("hits"))
    if not told.get("total"):
        return
    words = "the music meets {} of {}".format(told["met"], _plural(told["total"], "hit"))
    if told.get("chance") is not None:
        words += " (a steady click would meet {} %)".format(whole(told["chance"] * 100))
    session.say(words + ".")


def sentences(session: Session, *said: Any) -> None:
    """What the program has to say, each sentence once."""
    for words in dict.fromkeys(str(words) for each in said for words in listed(each)):
        session.say(words)
