"""What of a cue's takes is not as it was saved, in one sentence for each take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from core.cue.takes import Saved, Take, check_file, check_span
from core.errors import UnusableInput
from core.watch import Watch

NAMED = 3
"""So many files of a damaged take are named; of the others it is said how many they are."""


def see_that_it_is_whole(folder: Path, take: Take, watch: Watch = Watch()) -> None:
    """Read all files of a take again, before something is made of them or they are put in use.

    Damage that went into a new take would get new hashes there, and never be found again.

    Args:
        folder: the cue folder.
        take: one of its takes.
        watch: asked whether to go on.

    Raises:
        UnusableInput: a file is not what was saved; the sentence names it.
        Cancelled: the user stopped the work.
    """
    found = [sentence for saved in take.saved() if (sentence := check_file(folder, saved, watch))]
    if found:
        files = "the file" if len(found) == 1 else "the files"
        raise UnusableInput(
            in_words(take.number, found), str(folder), f"Bring {files} back from a copy, or use another take."
        )


def damaged(folder: Path, takes: Sequence[Take], watch: Watch = Watch()) -> dict[int, str]:
    """Read all files of some takes again, and what each re-roll had to keep in the take that it changed.

    Args:
        folder: the cue folder.
        takes: of that cue.
        watch: progress and cancellation.

    Returns:
        Number of each damaged take → a sentence that names its first few files; empty when all is well. Spans are
        told only of files that are what was saved: of others they say nothing new.

    Raises:
        Cancelled: the user stopped the work.
    """
    files: dict[Saved, str] = {}
    for done, take in enumerate(takes):
        watch.report("cue", done / len(takes), f"Checking take {take.number}")
        for saved in take.saved():
            if saved not in files:
                files[saved] = check_file(folder, saved, watch)
    found = {take.number: [files[saved] for saved in take.saved()] for take in takes}
    for number, sentence in _spans(folder, {take.number: take for take in takes}, files, watch):
        found[number].append(sentence)
    told = {number: [sentence for sentence in all_of_it if sentence] for number, all_of_it in found.items()}
    return {number: in_words(number, sentences) for number, sentences in told.items() if sentences}


def in_words(number: int, found: Sequence[str]) -> str:
    """One sentence for all that is not as it was saved in a take, at least one sentence of `core.cue.takes`."""
    parts = [sentence.removesuffix(".") for sentence in found[:NAMED]]
    if len(found) > NAMED:
        parts.append(f"{len(found) - NAMED} more like that")
    return f"Take {number} is damaged: {', '.join(parts[:-1])}{' and ' * (len(parts) > 1)}{parts[-1]}."


def _spans(folder: Path, takes: Mapping[int, Take], files: Mapping[Saved, str], watch: Watch) -> list[tuple[int, str]]:
    """Number of a take, and a sentence, for each kept span that is not the same in a take and the one it changed."""
    found: dict[object, tuple[int, str]] = {}
    for take in takes.values():
        for holder in (take, takes.get(take.base or 0)):
            for kept in take.kept if holder else ():
                assert holder is not None
                file = holder.stems.get(kept.stem)
                if (file, kept) not in found and not (file and files[file]):
                    found[file, kept] = holder.number, check_span(folder, holder, kept, watch)
    return list(found.values())
