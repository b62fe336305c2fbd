"""Nothing is ever unpickled, evaluated or executed: the syntax trees of all that is shipped are searched for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("core", "daemon", "training", "integrations")
MODULES = frozenset(
    {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle", "joblib"}
)
CALLS = frozenset({"eval", "exec", "compile", "__import__"})
SENDERS = frozenset({"recv_pyobj", "send_pyobj", "recv_serialized", "send_serialized"})
PROCESSES = frozenset({"multiprocessing", "concurrent.futures.process"})
"""Their queues and pipes pickle. A process is started with `subprocess` and spoken to in msgpack."""
UNSAFE_YAML = frozenset({"load", "load_all", "unsafe_load", "unsafe_load_all", "full_load", "full_load_all"})


def sources() -> list[Path]:
    """Every Python file that is shipped."""
    return sorted(path for folder in SHIPPED for path in (ROOT / folder).rglob("*.py"))


def dangers(source: str) -> Iterator[str]:
    """What in a source could run what somebody sends."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (f"imports {alias.name}" for alias in node.names if _forbidden(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
            yield from (f"imports {name}" for name in names[:1] if _forbidden(name))
            yield from (f"imports {name}" for name in names[1:] if name in ("concurrent.futures.ProcessPoolExecutor",))
        elif isinstance(node, ast.Call):
            yield from _call(node)
        elif isinstance(node, ast.Attribute) and node.attr in SENDERS | {"ProcessPoolExecutor"}:
            yield f"uses {node.attr}"


def _forbidden(module: str) -> bool:
    parts = module.split(".")
    return parts[0] in MODULES or any(".".join(parts[:end]) in PROCESSES for end in range(1, len(parts) + 1))


def _call(node: ast.Call) -> Iterator[str]:
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    if isinstance(node.func, ast.Name) and node.func.id in CALLS:
        yield f"calls {node.func.id}"
    if _imports_by_name(node) and _forbidden(_imports_by_name(node)):
        yield f"imports {_imports_by_name(node)}"
    if not isinstance(node.func, ast.Attribute):
        return
    whose = ast.unparse(node.func.value)
    if whose == "torch" and node.func.attr == "load" and not _is(given.get("weights_only"), True):
        yield "calls torch.load without weights_only=True"
    if whose in ("np", "numpy") and node.func.attr in ("load", "save") and not _is(given.get("allow_pickle"), False):
        yield f"calls numpy.{node.func.attr} without allow_pickle=False"
    if whose == "yaml" and node.func.attr in UNSAFE_YAML and "SafeLoader" not in ast.unparse(node):
        yield f"calls yaml.{node.func.attr}"
    if whose == "os" and node.func.attr in ("system", "popen"):
        yield f"calls os.{node.func.attr}"
    if _is(given.get("shell"), True):
        yield "lets a shell read its arguments"


def _imports_by_name(node: ast.Call) -> str:
    """The module that `import_module("…")` names; empty for other calls."""
    name = ast.unparse(node.func).rpartition(".")[2]
    if name == "import_module" and node.args and isinstance(node.args[0], ast.Constant):
        return str(node.args[0].value)
    return ""


def _is(node: ast.expr | None, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def test_nothing_shipped_can_run_what_it_is_sent() -> None:
    found = {path.relative_to(ROOT).as_posix(): list(dangers(path.read_text(encoding="utf-8"))) for path in sources()}

    assert {name: what for name, what in found.items() if what} == {}


def test_the_search_reads_the_daemon_and_the_library() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in sources()}

    assert {"daemon/wire.py", "daemon/worker.py", "daemon/child.py", "core/pipeline.py"} <= names


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "import os, marshal as m",
        "from shelve import open",
        "def late():\n    import dill",
        "import multiprocessing.queues",
        "from multiprocessing import Queue",
        "from concurrent.futures import ProcessPoolExecutor",
        "import concurrent.futures\nconcurrent.futures.ProcessPoolExecutor()",
        "from importlib import import_module\nimport_module('pickle')",
        "socket.recv_pyobj()",
        "send = socket.send_pyobj",
        "eval(text)",
        "exec(text)",
        "__import__(name)",
        "import torch\ntorch.load(path)",
        "import torch\ntorch.load(path, weights_only=False)",
        "import numpy as np\nnp.load(path)",
        "import numpy as np\nnp.load(path, allow_pickle=True)",
        "import yaml\nyaml.load(text, Loader=yaml.Loader)",
        "import os\nos.system(text)",
        "import subprocess\nsubprocess.run(text, shell=True)",
    ],
)
def test_the_search_finds_what_it_looks_for(source: str) -> None:
    assert list(dangers(source))


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch.load(path, weights_only=True)",
        "import numpy as np\nnp.load(path, allow_pickle=False)",
        "import yaml\nyaml.load(text, Loader=yaml.SafeLoader)",
        "import json\njson.load(file)",
        "from concurrent.futures import ThreadPoolExecutor",
        "import re\nre.compile(pattern)",
    ],
)
def test_the_search_lets_the_rest_be(source: str) -> None:
    assert not list(dangers(source))
