"""A page tried in a real browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium was found on this machine")


def tried(text: str, folder: Path) -> tuple[dict[str, Any], list[str]]:
    """What the page says of itself in a browser, and everything else that came to the console."""
    page_file = folder / "cue.html"
    page_file.write_bytes(text.encode(errors="replace"))
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0",
        "--enable-logging=stderr", "--v=0", f"--user-data-dir={folder / 'browser'}", f"{page_file.as_uri()}#selftest",
    ]  # fmt: skip
    browser = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
    limit = threading.Timer(60, os.killpg, (browser.pid, signal.SIGKILL))
    limit.start()
    said: list[str] = []
    try:
        assert browser.stderr
        for line in browser.stderr:
            words = line.decode("utf-8", "replace")
            if found := re.search(r'CONSOLE.*?"selftest (\{.*\})", source', words):
                return json.loads(found[1]), said
            if "CONSOLE" in words:
                said.append(words)
    finally:
        limit.cancel()
        os.killpg(browser.pid, signal.SIGKILL)
        browser.wait()
    pytest.fail(f"the page said nothing: {said}")
