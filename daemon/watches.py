"""From a file dropped into a watched folder to a scored one beside it.

Each drop is a job like any other, whose id follows from the folder and the content: after a restart in the middle the
same job is asked for again, not another. A content is marked as seen once what came of it lies beside it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.errors import HitpointError, UnusableInput, WrongUse, raised
from daemon.dispatch import Answer, Dispatcher
from daemon.jobs import Store, WatchRecord
from daemon.ledger import Ledger
from daemon.watchfolder import (
    Drop,
    Spoiled,
    Watcher,
    check_folder,
    clear_sentence,
    job_of,
    place_scored,
    place_sentence,
)

log = logging.getLogger("hitpoint.watch")

AGAIN = 'To try again, change the timeline and save it here, or run `hitpoint score "{}"`.'
"""Said of a job that has failed: its cause may pass, and a content is scored here once."""

Aside = Callable[[Callable[[], Any], Callable[[Any], None]], None]


class Watches:
    """The watched folders and what is dropped there; called by the main loop.

    Args:
        aside: runs its first argument in another thread, then its second in the main loop with what came of it.
    """

    def __init__(self, watcher: Watcher, ledger: Ledger, dispatcher: Dispatcher, aside: Aside) -> None:
        self._watcher = watcher
        self._ledger = ledger
        self._dispatcher = dispatcher
        self._aside = aside
        self._watches: dict[str, WatchRecord] = {}
        """By folder, with the options of its scores."""
        self._dropped: dict[str, Drop] = {}
        """Job → what it is made for."""

    def take_up(self, watches: list[tuple[WatchRecord, frozenset[str]]]) -> None:
        """Go on watching what an earlier daemon watched."""
        for record, seen in watches:
            self._watches[record.folder] = record
            self._watcher.watch(Path(record.folder), seen, must_be_there=False)

    def watch(self, folder: str, options: Mapping[str, Any], client: str, then: Answer) -> None:
        """Watch a folder from now on, also after a restart; watched already, it gets the new options."""
        folder = str(Path(folder))  # one spelling: drops come with it
        # A folder watched already keeps its age: what was asked for there is not asked for again.
        made = self._watches[folder].made if folder in self._watches else time.time()
        record = WatchRecord(folder=folder, request=options, client=client, made=made)

        def store(store: Store) -> frozenset[str]:
            store.add_watch(record)
            return store.seen_in(folder)

        def checked(value: object) -> None:
            if isinstance(value, HitpointError):
                then(value)
            else:
                self._ledger.write(store, stored)

        def stored(seen: frozenset[str] | HitpointError) -> None:
            if isinstance(seen, HitpointError):
                then(seen)
                return
            self._watches[folder] = record  # first: the watcher may find something at once
            self._watcher.watch(Path(folder), seen, must_be_there=False)
            log.info("watching %s", folder)
            then({"watch": {"folder": folder, "options": dict(options)}})

        if folder in self._watches:
            checked(None)
        else:
            self._aside(lambda: check_folder(Path(folder)), checked)

    def forget(self, folder: str, then: Answer) -> None:
        """Watch a folder no more; jobs that were made for it go on."""
        folder = str(Path(folder))

        def removed(value: object) -> None:
            if isinstance(value, HitpointError):
                then(value)
                return
            self._watches.pop(folder, None)
            self._watcher.forget(Path(folder))
            then({"watch": {"folder": folder, "stopped": True}})

        if folder not in self._watches:
            then(WrongUse("This folder is not watched", folder, "`hitpoint watch` lists those that are."))
            return
        self._ledger.write(lambda store: store.remove_watch(folder), removed)

    def told(self) -> list[dict[str, Any]]:
        """The watched folders, and whether each is there now."""
        return [
            {"folder": folder, "options": dict(record.request), "there": self._watcher.is_there(Path(folder))}
            for folder, record in sorted(self._watches.items())
        ]

    # --- drops

    def on(self, event: Drop | Spoiled) -> None:
        """Score what was dropped; say beside it what cannot be."""
        folder = str(event.folder)
        if folder not in self._watches:
            return
        if isinstance(event, Spoiled):
            self._say(event, event.why, job="")
            return
        # Watched anew, with other wishes perhaps, the same content is another job.
        job = job_of(event.folder, event.sha256, str(self._watches[folder].made))
        log.info("%s is scored as job %s", event.file, job)
        self._score(job, event)

    def _score(self, job: str, drop: Drop) -> None:
        folder = str(drop.folder)
        if folder not in self._watches:
            return
        self._dropped[job] = drop
        request = {"timeline": str(drop.file), "in": None, "out": None, **self._watches[folder].request}
        content = drop.content or None
        self._dispatcher.submit(
            job, "score", f"watch:{folder}", drop.file.name, request, content, lambda value: self._taken(job, value)
        )

    def _taken(self, job: str, value: Mapping[str, Any] | HitpointError) -> None:
        """A drop's job is stored, or was there before."""
        if isinstance(value, WrongUse):
            # The same content was asked for before, under another name or with other wishes.
            self._dispatcher.look(job, lambda found: self._found(job, found))
        else:
            self._found(job, value)

    def _found(self, job: str, value: Mapping[str, Any] | HitpointError) -> None:
        if isinstance(value, HitpointError):
            drop = self._dropped.pop(job, None)
            if drop and isinstance(value, UnusableInput):  # the store has no room; nothing is wrong with the file
                log.warning("%s waits: %s", drop.file, value)
                self._dispatcher.later(lambda: self._score(job, drop))
            elif drop:
                self._say(drop, str(value), job)
        elif value["job"]["ended"] is not None:
            self.ended(value["job"])

    def ended(self, job: Mapping[str, Any]) -> None:
        """A job has ended: where it was made for a drop, put what came of it beside the file."""
        drop = self._dropped.pop(job["id"], None)
        if drop is None:
            return
        if job["state"] != "done":
            error = raised(job.get("error") or {})
            self._say(drop, f"{error} {AGAIN.format(drop.file.name)}", job["id"])
            return
        self._lay(Path(job["result"]["cue"]), drop, job["id"])

    def _lay(self, cue: Path, drop: Drop, job: str, said: str = "") -> None:
        """Lay a cue's timeline beside its drop; where there is no room for it, again later. `said` is in the log."""

        def place() -> Path:
            placed = place_scored(cue, drop.file, drop.sha256)
            clear_sentence(drop.file)
            return placed

        def placed(value: Path | HitpointError) -> None:
            if not isinstance(value, HitpointError):
                log.info("%s lies beside %s", value.name, drop.file)
                self._saw(drop, job)
                return
            if str(value) != said:
                log.error("%s: %s", drop.file, value)
            if str(drop.folder) in self._watches:
                self._dispatcher.later(lambda: self._lay(cue, drop, job, str(value)))

        self._aside(place, placed)

    def _say(self, drop: Drop | Spoiled, sentence: str, job: str) -> None:
        """Put a sentence beside a file that could not be scored; the same content is not tried again."""
        log.warning("%s: %s", drop.file, sentence)
        self._aside(lambda: place_sentence(drop.file, sentence), lambda _: self._saw(drop, job))

    def _saw(self, drop: Drop | Spoiled, job: str) -> None:
        folder, name = str(drop.folder), drop.file.name
        self._ledger.write(lambda store: store.add_seen(folder, drop.sha256, job, name), lambda _: None)
