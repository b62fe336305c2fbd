"""`ExecProcess`: programs started by scripts, without a shell and without the PATH."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_QUOTES = "\"'`"


def arguments(line: str) -> list[str]:
    """The words of a command line: separated by spaces, held together by quotes; nothing is expanded."""
    words: list[str] = []
    at = 0
    while at < len(line):
        if line[at] == " ":
            at += 1
        elif line[at] in _QUOTES:
            end = line.find(line[at], at + 1)
            end = len(line) if end < 0 else end
            words.append(line[at + 1 : end])
            at = end + 1
        else:
            end = line.find(" ", at)
            end = len(line) if end < 0 else end
            words.append(line[at:end])
            at = end
    return words


class Processes:
    """The programs that scripts have started.

    Attributes:
        lines: every command line, with its timeout.
        stub: called instead of starting a program; gives its exit code, or None where it cannot be started.
        running: the processes in the background.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = dict(environment)
        self.lines: list[tuple[str, int]] = []
        self.running: list[subprocess.Popen[bytes]] = []
        self.stub: Callable[[Sequence[str]], int | None] | None = None

    def execute(self, line: str, timeout: int) -> tuple[int, str] | None:
        """Start a program; its exit code and output where it was waited for, None where it did not start.

        Args:
            line: the command line; its first word is the full path of a program.
            timeout: milliseconds to wait, 0 for ever, below 0 not at all.
        """
        self.lines.append((line, timeout))
        words = arguments(line)
        if self.stub is not None:
            code = self.stub(words)
            return None if code is None else (code, "")
        if not words or not Path(words[0]).is_absolute() or not os.access(words[0], os.X_OK) or Path(words[0]).is_dir():
            return None
        try:
            process = subprocess.Popen(
                words,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if timeout >= 0 else subprocess.DEVNULL,
                stderr=subprocess.STDOUT if timeout >= 0 else subprocess.DEVNULL,
            )
        except OSError:
            return None
        if timeout < 0:
            self.running.append(process)
            return 0, ""
        return _waited(process, timeout)

    def end(self) -> None:
        """End what still runs."""
        for process in self.running:
            if process.poll() is None:
                process.terminate()
        for process in self.running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.running.clear()


def _waited(process: subprocess.Popen[bytes], timeout: int) -> tuple[int, str]:
    try:
        output, _ = process.communicate(timeout=timeout / 1000 if timeout else None)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
    return process.returncode, output.decode("utf-8", "surrogateescape")
