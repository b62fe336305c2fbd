"""The graphics card, the libraries of the neural engines, and whether each engine can work.

Nothing heavy is imported here: versions are read from what is installed, and what must be tried is tried in a process
of its own, which may crash or hang without harm.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from daemon.checks.finding import AGAIN, Finding, installed_version, numbers

PATIENCE_S = 60.0
"""For a process that tries a library: a cold disk and a sleeping card take their time."""
DRIVER_S = 10.0
PROGRAM = Path(__file__).resolve().parents[2]
"""Where `core` and `daemon` lie."""

_TRY_ONNX = "import json, onnxruntime; print(json.dumps(onnxruntime.get_available_providers()))"
_TRY_ENGINES = """
import json
from core.engines import engine, names
rows = []
for name in names():
    ready = engine(name).ready()
    rows.append({"name": name, "ready": ready.ready, "why": ready.why})
print(json.dumps(rows))
"""
_ONNX = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml")


def engines() -> list[Finding]:
    """The card, the libraries, the engines."""
    card = gpu()
    installed = {name: installed_version(name) for name in ("torch", "torchaudio", *_ONNX)}
    return [card, torch(installed), onnx(installed, card.state == "ok"), *readiness()]


def gpu() -> Finding:
    """NVIDIA cards and their driver."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return Finding("GPU", "note", "No NVIDIA GPU: the composer needs none")
    query = [tool, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=DRIVER_S, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        return _no_driver(str(error))
    if answer.returncode != 0:
        return _no_driver((answer.stdout + answer.stderr).strip())
    cards = [line.strip().rpartition(", ") for line in answer.stdout.splitlines() if line.strip()]
    if not cards:
        return Finding("GPU", "note", "A driver, but no NVIDIA GPU: the composer needs none")
    return Finding("GPU", "ok", "; ".join(f"{card}, driver {driver}" for card, _, driver in cards))


def _no_driver(reason: str) -> Finding:
    first = reason.splitlines()[0] if reason else "no answer"
    return Finding(
        "GPU",
        "problem",
        f"The NVIDIA driver does not answer: {first}",
        "Start the machine again, or install the driver anew; until then the neural engines have no GPU.",
    )


def torch(installed: Mapping[str, str | None]) -> Finding:
    """PyTorch, which the neural engines run on, and its half for sound."""
    version, sound = installed["torch"], installed["torchaudio"]
    if version is None:
        return Finding("torch", "note", "It is not installed: the composer needs none")
    if sound is not None and numbers(version)[:2] != numbers(sound)[:2]:
        words = f"torch {version} and torchaudio {sound} do not fit together"
        return Finding("torch", "problem", words, "Install both of the same version: `make engines`.")
    return Finding("torch", "ok", version)


def onnx(installed: Mapping[str, str | None], card: bool) -> Finding:
    """ONNX Runtime, which runs the picture encoders, and what it can run them on."""
    found = {name: version for name in _ONNX if (version := installed[name]) is not None}
    words = ", ".join(f"{name} {version}" for name, version in found.items())
    if not found:
        return Finding("ONNX Runtime", "note", "It is not installed: the composer needs none")
    if len(found) > 1:
        remedy = "Keep one of them: they write over each other's files."
        return Finding("ONNX Runtime", "problem", f"{words} are installed together", remedy)
    providers, why = _tried(_TRY_ONNX)
    if providers is None:
        return Finding("ONNX Runtime", "problem", f"{words} cannot be used: {why}", AGAIN)
    words = f"{words}, runs on {', '.join(each.removesuffix('ExecutionProvider') for each in providers)}"
    if card and "CUDAExecutionProvider" not in providers:
        return Finding("ONNX Runtime", "note", f"{words}: not on the GPU", "Install onnxruntime-gpu in its place.")
    return Finding("ONNX Runtime", "ok", words)


def readiness() -> list[Finding]:
    """Whether each engine has its weights and its device."""
    rows, why = _tried(_TRY_ENGINES)
    if rows is None:
        return [Finding("Engines", "problem", f"The engines cannot be loaded: {why}", AGAIN)]
    return [_engine(row) for row in rows]


def _engine(row: Mapping[str, Any]) -> Finding:
    what = f"Engine {row['name']}"
    if row["ready"]:
        needs = "it needs no weights and no GPU" if row["name"] == "composer" else "its weights are here"
        return Finding(what, "ok", f"Ready: {needs}")
    if row["name"] == "composer":
        return Finding(what, "problem", str(row["why"]), AGAIN)
    return Finding(what, "note", str(row["why"]), "The other engines work without it.")


def _tried(program: str) -> tuple[list[Any] | None, str]:
    """What a program of one line of JSON prints, or None and its last words.

    It looks for modules where Hitpoint's own lie, and not in the folder in which the user happens to stand.
    """
    command = [sys.executable, "-P", "-c", program]
    place = {**os.environ, "PYTHONPATH": str(PROGRAM)}
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=PATIENCE_S, check=False, env=place
        )
    except (OSError, subprocess.SubprocessError) as error:
        return None, str(error)
    lines = (answer.stdout if answer.returncode == 0 else answer.stderr).strip().splitlines()
    if answer.returncode != 0 or not lines:
        return None, lines[-1] if lines else f"it ended with {answer.returncode}"
    found = json.loads(lines[-1])
    return (found, "") if isinstance(found, list) else (None, lines[-1])
