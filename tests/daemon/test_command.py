"""The command line from outside: real processes, exit codes, one sentence for each mistake."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from importlib import metadata
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from daemon.command import COMMANDS
from tests.daemon.commands.calls import HITPOINT, last, listed, run

SCORING = ("torch", "numpy", "scipy", "librosa", "opentimelineio", "av", "symusic", "soundfile")
"""What the worker imports, and a client never does."""
TALKING = ("zmq", "msgpack", "filelock", "rich", "psutil", "logging.handlers", "sqlite3")
"""What a client may import once it has something to do."""


def imported(arguments: list[str], names: tuple[str, ...]) -> list[str]:
    """Which of these modules a command has imported when it is done."""
    probe = (
        "import sys; from daemon.command import main\n"
        f"try: main({arguments!r})\n"
        "except SystemExit: pass\n"
        f"print(*(name for name in {names!r} if name in sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout
    return said.splitlines()[-1].split()


@pytest.mark.parametrize("command", ["", *COMMANDS, "daemon start"])
def test_help_imports_nothing_heavy(command: str) -> None:
    assert imported([*command.split(), "--help"], (*SCORING, "pydantic", *TALKING)) == []


@pytest.mark.parametrize("command", ["engines", "jobs --json", "daemon status", "watch"])
def test_a_client_imports_neither_the_scoring_library_nor_the_daemons_checks(command: str) -> None:
    assert run("daemon", "start").returncode == 0
    assert imported(command.split(), (*SCORING, "pydantic", "sqlite3")) == []


def test_scoring_imports_no_torch() -> None:
    probe = (
        "import sys, core.pipeline, core.engines.composer.engine\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('torch', 'transformers')])"
    )
    said = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["score"], 2, "Missing argument"),
        (["score", "x.otio", "--styel", "action"], 2, "No such option"),
        (["score", "x.otio", "--ending", "bang"], 2, "button"),
        (["compose"], 2, "No such command"),
        (["score", "not-there.otio"], 3, "not-there.otio"),
        (["export", "not-there"], 2, "--bwf"),
        (["export", "not-there", "--bwf"], 3, "not-there"),
    ],
)
def test_a_mistake_is_answered_with_one_sentence_and_its_code(arguments: list[str], code: int, words: str) -> None:
    answer = run(*arguments)
    assert answer.returncode == code
    assert words in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1
    assert "Traceback" not in answer.stderr


def test_a_script_gets_the_error_as_its_last_json_line() -> None:
    answer = run("score", "not-there.otio", "--json")
    error = json.loads(answer.stdout.splitlines()[-1])["error"]
    assert error["code"] == "unusable-input"
    assert set(error) == {"code", "what", "where", "do"}
    assert answer.returncode == 3


def test_a_range_outside_the_timeline_names_the_timelines_own_in_and_out(demo_edit: Path, tmp_path: Path) -> None:
    answer = run("score", demo_edit, "--in", "02:00:00:00", "--to", tmp_path)
    assert answer.returncode == 3
    assert "01:00:00:00" in answer.stderr
    assert not any(tmp_path.iterdir())


def test_an_unknown_style_and_engine_name_the_ones_there_are(demo_edit: Path, tmp_path: Path) -> None:
    style = run("score", demo_edit, "--style", "polka", "--to", tmp_path)
    assert style.returncode == 2
    assert "lo-fi" in style.stderr
    engine = run("score", demo_edit, "--engine", "bach", "--to", tmp_path)
    assert engine.returncode == 2
    assert "composer" in engine.stderr
    assert not any(tmp_path.iterdir())


def test_the_engines_are_listed_for_scripts() -> None:
    listed = json.loads(run("engines", "--json").stdout.splitlines()[-1])["engines"]
    composer = next(engine for engine in listed if engine["name"] == "composer")
    assert composer["ready"] is True
    assert composer["stems"] == ["drums", "bass", "harmony", "melody", "effects"]
    assert composer["abilities"]["on_grid"] is True
    assert set(composer) == {"name", "ready", "why", "stems", "abilities", "configs"}


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_score_leaves_nothing_behind(long_edit: Path, tmp_path: Path, stop: signal.Signals) -> None:
    work = subprocess.Popen(
        [*HITPOINT, "score", str(long_edit), "--to", str(tmp_path), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert work.stdout is not None
    for line in work.stdout:
        if json.loads(line).get("stage") == "picture":
            break
    work.send_signal(stop)
    said, complaint = work.communicate(timeout=60)
    assert work.returncode == 6
    assert json.loads(said.splitlines()[-1])["error"]["code"] == "cancelled"
    assert complaint.strip().splitlines()[-1] == "hitpoint: Cancelled."
    assert next(iter(listed().values()))["state"] == "cancelled"
    assert not any(tmp_path.iterdir())


def test_a_score_whose_command_is_killed_goes_on_and_is_found_again(demo_edit: Path, tmp_path: Path) -> None:
    work = subprocess.Popen(
        [*HITPOINT, "score", str(demo_edit), "--out", "6s", "--to", str(tmp_path), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert work.stdout is not None
    for line in work.stdout:
        if json.loads(line).get("stage") == "picture":
            break
    os.kill(work.pid, signal.SIGKILL)
    work.wait()
    newest = next(iter(listed()))
    answer = run("jobs", newest, "--json")
    assert answer.returncode == 0, answer.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == [Path(last(answer)["cue"]).name]


def test_progress_goes_to_stderr_in_words_and_to_stdout_as_json_with_the_result_last(
    demo_edit: Path, tmp_path: Path
) -> None:
    answer = run("score", demo_edit, "--out", "5s", "--seed", "1", "--to", tmp_path, "--json")
    *progress, result = [json.loads(line) for line in answer.stdout.splitlines()]
    assert Path(result["cue"]).is_dir()
    assert Path(result["mix"]).is_file()
    assert all(set(line) == {"stage", "fraction", "words"} for line in progress)
    assert listed()[result["job"]]["state"] == "done"
    stages = [stage for stage, _ in groupby(progress, itemgetter("stage"))]
    assert {"picture", "rhythm", "audio"} <= set(stages)
    assert answer.stderr.splitlines() == [f"{stage} …" for stage in stages]
    fractions = [line["fraction"] for line in progress]
    assert fractions == sorted(fractions), "it is the whole job's, and never goes back"
    assert all(0 <= fraction < 1 for fraction in fractions), "all of it only when the result is there"


def test_without_json_stdout_says_the_result_in_words(cue_of_the_demo: dict[str, Any]) -> None:
    answer = run("export", str(cue_of_the_demo["cue"]), "--bwf")
    assert answer.stdout.startswith("bwf:\n")
    assert answer.stdout.count(".wav") == 6


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_names_that_a_pipe_cannot_hold_are_escaped(demo_edit: Path, tmp_path: Path, flags: list[str]) -> None:
    timeline = json.loads(demo_edit.read_text())
    timeline["name"] = "収穫の夜"
    timeline["tracks"]["children"][0]["children"][1]["media_references"]["DEFAULT_MEDIA"]["target_url"] = "夜.mp4"
    (demo_edit.parent / "night.otio").write_text(json.dumps(timeline))
    narrow = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    words = [*HITPOINT, "score", str(demo_edit.parent / "night.otio"), "--out", "6s", "--to", str(tmp_path), *flags]
    answer = subprocess.run(words, capture_output=True, env=narrow, check=False)
    assert answer.returncode == 0, answer.stderr
    assert b"Traceback" not in answer.stderr
    assert b"\\u53ce\\u7a6b\\u306e\\u591c" in answer.stdout
    if flags:
        result = json.loads(answer.stdout.splitlines()[-1])
        assert Path(result["cue"]).name.startswith("収穫の夜")
        assert "夜.mp4" in result["offline"][0]


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names there are Unicode")
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
def test_a_path_that_is_no_unicode_is_one_sentence(tmp_path: Path, encoding: str) -> None:
    words: list[str | bytes] = [*HITPOINT, "export", os.fsencode(tmp_path) + b"/gone \xff", "--bwf", "--json"]
    answer = subprocess.run(words, capture_output=True, env={**os.environ, "PYTHONIOENCODING": encoding}, check=False)
    assert answer.returncode == 3
    assert len(answer.stderr.splitlines()) == 1
    assert answer.stderr.startswith(b"hitpoint: The path holds characters that are not Unicode")
    assert json.loads(answer.stdout)["error"]["where"].endswith("gone \udcff")


@pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"]])
def test_help_is_no_error(arguments: list[str]) -> None:
    answer = run(*arguments)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.startswith("Usage: hitpoint [OPTIONS] COMMAND")
    assert "score" in answer.stdout


@pytest.mark.parametrize("module", ["click", "core.errors", "daemon.commands.jobs", "daemon.starting", "zmq"])
def test_an_interruption_while_it_is_still_starting_is_quiet(module: str, tmp_path: Path) -> None:
    probe = (
        "import sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == {module!r}: raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "from daemon.command import main\n"
        "main(['jobs'])"
    )
    place = {**os.environ, "HITPOINT_HOME": str(tmp_path)}
    answer = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False, env=place)
    assert answer.returncode == 6
    assert answer.stdout == ""
    assert answer.stderr.strip() in ("", "hitpoint: Interrupted. `hitpoint jobs` shows what still runs.")


@pytest.mark.parametrize("group", [[], ["daemon"]])
def test_a_list_of_commands_cuts_no_sentence(group: list[str]) -> None:
    listed = run(*group, "--help").stdout.partition("Commands:\n")[2].splitlines()
    assert len(listed) >= 5
    assert [line for line in listed if not line.endswith(".") or line.endswith("...")] == []


def test_the_version_is_said() -> None:
    assert run("--version").stdout == f"hitpoint, version {metadata.version('hitpoint')}\n"


def test_paths_are_meant_from_where_the_command_is_called(
    cue_of_the_demo: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cue = Path(cue_of_the_demo["cue"])
    (tmp_path / "here").symlink_to(cue.parent)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    answer = run("export", Path("here") / cue.name, "--preview", "mp3", "--to", "out", "--json")
    assert answer.returncode == 0, answer.stderr
    assert Path(last(answer)["preview"]).parent == tmp_path / "out"


def test_an_empty_timeline_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    (tmp_path / "empty.otio").touch()
    answer = run("score", tmp_path / "empty.otio")
    assert answer.returncode == 3
    assert "The file is empty" in answer.stderr


def test_an_export_refuses_a_damaged_stem(demo_edit: Path, tmp_path: Path) -> None:
    assert run("score", demo_edit, "--out", "4s", "--to", tmp_path / "cues").returncode == 0
    (cue,) = (tmp_path / "cues").iterdir()
    with (cue / "takes" / "001" / "bass.wav").open("r+b") as file:
        file.seek(5000)
        file.write(b"\x01\x02\x03\x04")
    answer = run("export", cue, "--bwf", "--to", tmp_path / "out")
    assert answer.returncode == 3
    assert "bass.wav" in answer.stderr
    assert not (tmp_path / "out").exists()


def test_refused_work_leaves_no_folder(demo_edit: Path, tmp_path: Path) -> None:
    edit = tmp_path / "edit.otio"
    edit.write_bytes(demo_edit.read_bytes())
    assert run("score", edit, "--style", "polka").returncode == 2
    assert run("score", edit, "--loudness", "nan").returncode == 2
    assert run("score", edit, "--soundfont", demo_edit, "--out", "3s", "--to", tmp_path / "a" / "b").returncode == 3
    assert [entry.name for entry in tmp_path.iterdir()] == ["edit.otio"]


def test_a_relative_folder_gives_a_timeline_that_finds_its_stems(
    demo_edit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    assert run("score", demo_edit, "--out", "3s", "--to", "cues").returncode == 0
    (cue,) = (tmp_path / "cues").iterdir()
    placed = json.loads((cue / "cue.otio").read_text())
    for track in placed["tracks"]["children"]:
        for clip in track["children"]:
            if "media_references" in clip:
                assert (cue / clip["media_references"]["DEFAULT_MEDIA"]["target_url"]).is_file()
