"""The daemon's log: one line for each thing, in files that turn over, read by their owner alone.

A log that cannot be written never stops the work; how many lines were lost is said as soon as it can be written again.
"""

from __future__ import annotations

import logging
import logging.handlers
import os
import re
import sys
from io import TextIOWrapper
from pathlib import Path

from daemon.home import Home
from daemon.private import FILE_MODE

LARGEST = 5 * 10**6
"""Bytes of one log file."""
KEPT = 3
"""Older log files that are kept."""

# What could end a line or steer a terminal: names come from clients.
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


def start_log(home: Home) -> logging.Handler:
    """Let everything that is named "hitpoint.…" write to the daemon's log; the handler is given back to be closed.

    The log's folder must be there (`daemon.home.prepare`).
    """
    handler = _LogFile(home.log)
    handler.setFormatter(_OneLine("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("hitpoint")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    for old in list(logger.handlers):
        if isinstance(old, _LogFile):
            logger.removeHandler(old)
            old.close()
    logger.addHandler(handler)
    return handler


class _OneLine(logging.Formatter):
    """Messages keep to their line; a traceback of our own follows on lines of its own."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", super().formatMessage(record))


class _LogFile(logging.handlers.RotatingFileHandler):
    """Turns over at `LARGEST` bytes, is private from the first moment, and outlives a full disk."""

    def __init__(self, path: Path) -> None:
        self.lost = 0
        super().__init__(
            path, maxBytes=LARGEST, backupCount=KEPT, encoding="utf-8", errors="backslashreplace", delay=True
        )

    def _open(self) -> TextIOWrapper:
        handle = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, FILE_MODE)
        return open(handle, "a", encoding=self.encoding, errors=self.errors)  # noqa: PTH123 - from a descriptor

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, after one that says how many before it were lost, if any were."""
        lost, before = self.lost, self.lost
        if lost:
            words = "%d lines before this one could not be written"
            super().emit(logging.LogRecord("hitpoint.log", logging.WARNING, "", 0, words, (lost,), None))
            if self.lost != before:
                return
            self.lost = 0
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Count what the disk refused and start afresh; a line that cannot be formatted is a bug and is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)
            return
        self.lost += 1
        stream, self.stream = self.stream, None
        if stream is not None:
            try:
                stream.close()
            except OSError:  # what is still in its buffer finds no room either
                return
