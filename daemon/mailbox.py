"""The mailbox: a folder in which hosts without sockets lay their requests and find their answers.

A request is an exported timeline whose name says what is asked (docs/mailbox.md). The system's events (watchdog) make
it prompt, a rescan finds what no event tells. Each request has a thread of its own, so many at a time, and a client of
its own; its file stays until its answer is there, so that after a crash it is found again, and is the same work.
"""

from __future__ import annotations

import logging
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from core.errors import Cancelled, DaemonUnreachable, HitpointError, UnusableInput
from daemon.arrivals import Mark, is_text, plain
from daemon.home import Home
from daemon.hosts import memory
from daemon.hosts.answers import Answers
from daemon.hosts.exchange import mailbox_folder, prepare_exchange
from daemon.hosts.letters import Gone, Later, Letter, Pace, content
from daemon.hosts.noticeboard import Noticeboard
from daemon.hosts.request import HostRequest, from_name, id_of, is_request
from daemon.hosts.serving import serve
from daemon.starting import connected
from daemon.watchfolder import prompted

AT_ONCE = 8
"""Requests that are worked on at a time; the daemon itself does their work one after another."""
QUICK_AT_ONCE = 4
"""Those beside them that are answered at once."""
WAITING = {"progress": 0.0, "stage": "queued", "words": "Waiting for other requests"}
"""How far a request is that no thread is free for."""
LATER_S = 2.0
"""Before an answer that could not be written is written again."""
SCAN_S = 0.05
"""The shortest time between two looks at the folder."""
END_S = 1.0
"""The longest that the threads are waited for at the end."""

PACE = Pace()
"""The usual one."""

log = logging.getLogger("hitpoint.mailbox")


class _Leaving(Exception):
    """The mailbox is closed; what was asked is taken up by the next daemon."""


class Mailbox:
    """The mailbox of a home.

    Args:
        home: whose.
        engines: gives the engines as the daemon lists them, None until they are known; called in another thread.
        pace: how long is waited for what.
        events: False leaves the rescan alone to find everything.
    """

    def __init__(
        self,
        home: Home,
        engines: Callable[[], Sequence[Mapping[str, Any]] | None],
        *,
        pace: Pace = PACE,
        events: bool = True,
    ) -> None:
        self._home = home
        self._folder = mailbox_folder(home)
        self._pace = pace
        self._events = events
        self._letters: dict[str, Letter] = {}
        self._answered: dict[str, Mark] = {}
        """Requests whose file is still there, though answered: it is removed when the system lets us."""
        self._ignored: dict[str, Mark] = {}
        self._threads: set[threading.Thread] = set()
        self._unsubscribe: Callable[[], None] | None = None
        self._identity: tuple[int, int] | None = None
        """What tells the folder that is watched from another in its place."""
        self._there = False
        """Whether the folder could be looked at last."""
        self._said: dict[str, str] = {}
        self._touched = False
        self._changed = threading.Condition()
        """Guards all of the above but what the main thread alone uses."""
        self._stopped = threading.Event()
        self._board = Noticeboard(home, self._folder, engines, self._stopped.is_set)
        self._main = threading.Thread(target=self._run, name="mailbox", daemon=True)

    def start(self) -> None:
        """Begin to look; returns at once, and touches no disk here."""
        self._main.start()

    def close(self) -> None:
        """Stop looking; requests that are worked on are left where they are, for the next daemon."""
        self._stopped.set()
        self._touch()
        if self._main.is_alive():
            self._main.join(END_S)
        by = time.monotonic() + END_S
        with self._changed:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, by - time.monotonic()))
        self._board.take_down()

    def _touch(self) -> None:
        """Something may have changed in the folder."""
        with self._changed:
            self._touched = True
            self._changed.notify()

    def _hear(self, name: str) -> None:
        """The system tells of a file."""
        if is_request(name):
            self._touch()

    # --- the main thread

    def _run(self) -> None:
        next_scan = next_telling = 0.0
        while not self._stopped.is_set():
            now = time.monotonic()
            if now >= next_scan:
                next_scan = now + self._pace.rescan
                self._there = self._try("a look", lambda: self._scan(time.monotonic()))
            if now >= next_telling and self._there:
                next_telling = now + self._pace.tell
                self._try("a sign of life", self._board.tell)
                self._try("learning the engines", self._board.learn)
            if self._there:
                self._try("keeping up", self._board.keep_up)
                self._try("beginning", self._begin)
                looks = min(next_scan, next_telling, *self._dues())
            else:
                looks = next_scan
            if self._wait(looks):
                next_scan = min(next_scan, now + SCAN_S)
        if self._unsubscribe:
            self._unsubscribe()

    def _try(self, what: str, step: Callable[[], None]) -> bool:
        """Do something that a disk may refuse, and whether it was done; why not is said once."""
        try:
            step()
            self._said.pop(what, None)
            return True
        except Cancelled:
            pass  # the daemon ends
        except (OSError, HitpointError) as error:
            if self._said.get(what) != str(error):
                self._said[what] = str(error)
                log.warning("In the mailbox %s failed: %s", what, error)
        except Exception:
            log.exception("The mailbox met a bug; it goes on")
        return False

    def _dues(self) -> Iterator[float]:
        """When requests are to be read that rest still; for a free thread waits nobody here."""
        now = time.monotonic()
        with self._changed:
            yield from [letter.due for letter in self._letters.values() if not letter.taken and letter.due > now]

    def _wait(self, until: float) -> bool:
        """Wait for something to do; whether something in the folder may have changed."""
        with self._changed:
            if not self._touched:
                self._changed.wait(max(0.0, until - time.monotonic()))
            touched, self._touched = self._touched, False
            return touched

    def _scan(self, now: float) -> None:
        """Look at the whole folder."""
        self._be_there()
        marks: dict[str, Mark] = {}
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if is_request(entry.name) and is_text(entry.name):
                    with suppress(FileNotFoundError):
                        if mark := plain(entry.stat(follow_symlinks=False)):  # no link, no folder, no device
                            marks[entry.name] = mark
        with self._changed:
            for known in (self._answered, self._ignored):
                for name in known.keys() - marks.keys():
                    del known[name]
            for name in [name for name, letter in self._letters.items() if not letter.taken and name not in marks]:
                del self._letters[name]
            for name, mark in marks.items():
                self._note(name, mark, now)

    def _note(self, name: str, mark: Mark, now: float) -> None:
        """Take note of a request's file."""
        letter = self._letters.get(name)
        if letter is not None and (letter.taken or letter.mark == mark):
            return
        if self._answered.get(name) == mark:
            with suppress(OSError):
                (self._folder / name).unlink()
        elif self._ignored.get(name) != mark:
            if not id_of(name):
                log.warning("%.200r in the mailbox tells no id; it is left alone", name)
                self._ignored[name] = mark
                return
            self._letters[name] = Letter(name, mark, now, now + self._pace.rest)

    def _be_there(self) -> None:
        """Make the folder where it is not there, and hear of what happens in it."""
        try:
            found = self._folder.stat(follow_symlinks=False)
        except FileNotFoundError:
            found = None
        if found is not None and (found.st_dev, found.st_ino) == self._identity:
            return
        prepare_exchange(self._home)
        found = self._folder.stat(follow_symlinks=False)
        if not stat.S_ISDIR(found.st_mode):
            raise UnusableInput("This is no folder", str(self._folder), "Remove it.")
        if self._unsubscribe:
            self._unsubscribe()
        self._unsubscribe = prompted(self._folder, self._hear) if self._events else None
        self._identity = (found.st_dev, found.st_ino)

    def _begin(self) -> None:
        """Start threads for requests that have rested, the quick ones first, else in the order of their coming."""
        now = time.monotonic()
        with self._changed:
            waiting = sorted(
                (letter for letter in self._letters.values() if not letter.taken and letter.due <= now),
                key=lambda letter: (letter.mark.mtime_ns, letter.name),
            )
            for quick, most in ((True, QUICK_AT_ONCE), (False, AT_ONCE)):
                busy = sum(letter.taken and letter.at_once == quick for letter in self._letters.values())
                for letter in [letter for letter in waiting if letter.quick == quick][: max(0, most - busy)]:
                    thread = threading.Thread(target=self._serve, args=(letter,), name=letter.name, daemon=True)
                    thread.start()  # before the letter counts as taken: a system without room for one more refuses
                    letter.taken, letter.at_once = True, quick
                    self._threads.add(thread)
        for letter in waiting:
            if not letter.taken and not letter.heard:
                letter.heard = True
                with suppress(UnusableInput):
                    self._answers(letter).progress(WAITING)

    def _answers(self, letter: Letter) -> Answers:
        """Where a request is answered."""
        action, as_json = letter.told.get("do", ""), letter.told.get("json") == "1"
        return Answers(self._folder, f"{letter.id}.", letter.id, action, as_json)

    # --- one request, in a thread of its own

    def _serve(self, letter: Letter) -> None:
        """See to a request; what cannot be answered now is left for later."""
        later: float | None = None
        try:
            self._answer(letter)
        except _Leaving:
            later = 0.0
        except Later as asked:
            later = asked.seconds
        except Exception:
            log.exception("The request %s met a bug", letter.name)
            later = LATER_S
        with self._changed:
            self._threads.discard(threading.current_thread())
            if later is None:
                del self._letters[letter.name]
            else:
                letter.taken, letter.due = False, time.monotonic() + later
        self._touch()

    def _answer(self, letter: Letter) -> None:
        """Answer a request; raises `Later` where that must wait, `_Leaving` where the mailbox is closed."""
        answers = self._answers(letter)
        try:
            answer = self._made(letter, answers)
        except Gone:
            return
        except DaemonUnreachable as error:
            log.info("The request %s waits: %s", letter.name, error)
            raise Later(LATER_S) from None
        except HitpointError as error:
            log.info("The request %s failed: %s", letter.name, error)
            self._lay(letter, partial(answers.failed, error))
        except (Later, _Leaving):
            raise
        except Exception as error:
            log.exception("The request %s met a bug", letter.name)
            bug = HitpointError(f"Something went wrong that should not: {type(error).__name__}", str(self._home.log))
            self._lay(letter, partial(answers.failed, bug))
        else:
            self._lay(letter, partial(self._give, letter, answers, answer))

    def _made(self, letter: Letter, answers: Answers) -> dict[str, Any]:
        """What a request is answered with."""

        def cancelled() -> bool:
            if self._stopped.is_set():
                raise _Leaving
            return letter.cancelled.is_set()

        def progress(how_far: Mapping[str, Any]) -> None:
            with suppress(UnusableInput):  # the work goes on where the disk has no room for words
                answers.progress(how_far)

        from_name(letter.name, b"")  # what cannot be meant need not be whole
        request = from_name(letter.name, content(self._folder, letter, self._pace))
        if cancelled():
            raise Cancelled()
        also = self._cancel(request) if request.action == "cancel" else []
        with connected(request.client, start=False, home=self._home) as client:
            answer = serve(request, client, self._home, progress, cancelled)
        if request.action == "cancel":
            answer["cancelled"] = list(dict.fromkeys([*also, *answer["cancelled"]]))
        return answer

    def _cancel(self, request: HostRequest) -> list[str]:
        """Tell the threads whose requests are meant, and those that wait for one; the ids of these requests."""
        found = []
        with self._changed:
            for letter in self._letters.values():
                meant = letter.id == request.of if request.of else letter.key == request.key
                if meant and not letter.quick:
                    letter.cancelled.set()
                    found.append(letter.id)
        return found

    def _give(self, letter: Letter, answers: Answers, answer: Mapping[str, Any]) -> None:
        """Give an answer; of one with a placement is kept that it waits to be laid by a script.

        Kept first: a script may lay what it finds, and say so, at once.
        """
        if "placement" in answer:
            memory.make_ready(self._home, letter.key, letter.id, answer["placement"]["cue"]["id"])
        try:
            answers.done(answer)
        except ValueError:
            log.exception("The answer to %s is no data for scripts", letter.name)
            answers.failed(HitpointError("The answer cannot be told", letter.id, "The daemon's log has the details."))
            memory.forget_ready(self._home, frozenset({letter.id}))

    def _lay(self, letter: Letter, write: Callable[[], None]) -> None:
        """Write an answer, then take its request away; raises `Later` where there is no room for it."""
        if self._stopped.is_set():
            raise _Leaving
        try:
            write()
        except (HitpointError, OSError) as error:
            log.warning("The answer to %s cannot be written yet: %s", letter.name, error)
            raise Later(LATER_S) from error
        with self._changed:
            self._answered[letter.name] = letter.mark
        with suppress(OSError):
            (self._folder / letter.name).unlink()
