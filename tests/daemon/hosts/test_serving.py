"""What each action asks of the daemon, and what comes of it; the daemon here writes down what it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from core.errors import Cancelled, EngineNotReady, UnusableInput, WrongUse
from daemon.client import Client
from daemon.home import Home, prepare
from daemon.hosts import memory, serving
from daemon.hosts.options import remember
from daemon.hosts.request import HostRequest, from_json, from_name
from daemon.hosts.serving import serve
from tests.daemon.hosts.asking import PROJECT, TIMELINE, item, job, name, text
from tests.hosts.placements import CUE_ID, placement

FOUND = {"folder": "/cues/reel/the cue", "start": 100, "frames": 300, "changed": ""}


class Daemon:
    """A client whose daemon has done everything as soon as it is asked."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.attached: dict[str, bytes | None] = {}
        self.laid = placement(folder, lengths=(24, 30), pieces=False)
        self.takes = [{"take": number, "in_use": number == 2} for number in (1, 2, 4)]
        self.jobs: list[dict[str, Any]] = []
        self.known: set[str] = set()
        self.refuses: dict[str, Exception] = {}
        stems = {stem["name"]: stem["file"] for stem in self.laid["stems"]}
        told = {
            "cue": self.laid["cue"]["folder"],
            "stems": stems,
            "offline": ["A clip is offline."],
            "said": ["As is."],
        }
        self.results = {"score": told, "reroll": told, "lay": self.laid}

    def ask(self, op: str, attachment: bytes | None = None, **fields: Any) -> dict[str, Any]:
        self.asked.append((op, fields))
        if op == "job":
            if fields["job"] not in self.known:
                raise WrongUse("There is no such job")
            return {}
        if error := self.refuses.get(op):
            raise error
        if op == "jobs":
            return {"jobs": self.jobs}
        if op == "engines":
            return {"engines": [{"name": "composer", "ready": True, "why": "", "stems": ["drums"], "configs": {}}]}
        self.attached[op] = attachment
        self.last = op, fields
        return {}

    def follow(
        self, followed: str, progress: Callable[[Mapping[str, Any]], None], cancelled: Callable[[], bool]
    ) -> dict[str, Any]:
        op, fields = self.last
        assert fields["job"] == followed
        told = {"id": followed, "state": "queued", "stage": "", "words": "", "progress": 0.0, "place": 2}
        progress(told)
        progress({**told, "state": "running", "stage": op, "words": "Working", "progress": 0.5})
        if cancelled():
            raise Cancelled()
        if op == "takes":
            return {**self.results["reroll"]} if fields.get("use") else {"takes": self.takes}
        return dict(self.results[op])

    def of(self, op: str) -> dict[str, Any]:
        """What was asked of an operation, once."""
        (fields,) = [fields for asked, fields in self.asked if asked == op]
        return fields

    def ops(self) -> list[str]:
        return [op for op, _ in self.asked]


class Bench:
    """A home, its daemon, and what was said of progress."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = Home(folder / "home")
        prepare(self.home)
        self.home.settings.write_text(f"cues = '{folder / 'music'}'\n")
        self.music = folder / "music"
        self.daemon = Daemon(folder / "music" / "reel" / "the cue")
        self.said: list[dict[str, Any]] = []
        self.orders: list[Mapping[str, Any]] = []
        self.found: dict[str, Any] = dict(FOUND)
        self.share = ""
        monkeypatch.setattr(serving, "aside", self.aside)

    def aside(
        self, order: Mapping[str, Any], content: bytes, cancelled: Callable[[], bool]
    ) -> tuple[dict[str, Any], bytes]:
        self.orders.append(order)
        if cancelled():
            raise Cancelled()
        if order["do"] == "prepare":
            return {"share": self.share}, b"prepared " + content
        return {"styles": ["tension"]} if order["do"] == "styles" else dict(self.found), b""

    def serve(self, request: HostRequest, cancelled: bool = False) -> dict[str, Any]:
        def hear(how_far: Mapping[str, Any]) -> None:
            self.said.append(dict(how_far))

        return serve(request, cast(Client, self.daemon), self.home, hear, lambda: cancelled)

    def ask(self, action: str, content: bytes = b"{}", **values: object) -> dict[str, Any]:
        """What a script in Resolve is answered."""
        return self.serve(from_name(name("k3j9x2ab", action, **values), content))


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, monkeypatch)


SCORE: dict[str, Any] = {"in_": 10, "out": 250, "df": 0, "nm": "Reel 3"}


def test_a_range_is_scored_and_laid_as_the_options_say(bench: Bench) -> None:
    remember(bench.home, "", {"style": "tension"})
    remember(bench.home, PROJECT, {"under_speech": True, "seed": 5})
    answer = bench.ask("score", b"{otio}", **SCORE, sr=44100)
    assert bench.daemon.of("score") == {
        "job": from_name(name("k3j9x2ab", "score", **SCORE, sr=44100), b"{otio}").job,
        "timeline": str(bench.music / "Reel 3" / "Reel 3.otio"),
        "in": "10f",
        "out": "250f",
        "engine": "composer",
        "style": "tension",
        "under_speech": True,
        "seed": 5,
        "to": str(bench.music / "Reel 3"),
        "sample_rate": 44100,
    }
    assert bench.daemon.attached["score"] == b"prepared {otio}"
    assert bench.orders == [{"do": "prepare", "name": "Reel 3", "drop_frame": False}]
    lay = bench.daemon.of("lay")
    assert (lay["cue"], lay["stems"], lay["pieces"], lay["sample_rate"]) == (
        bench.daemon.laid["cue"]["folder"],
        [],
        True,
        44100,
    )
    assert answer["range"] == {"in": 10, "out": 250}
    assert answer["said"] == ["A clip is offline.", "As is."]
    assert answer["options"]["style"] == "tension"
    assert answer["placement"]["stems"] == bench.daemon.laid["stems"]
    assert memory.recall(bench.home)["cues"] == {CUE_ID: bench.daemon.laid["cue"]["folder"]}


@pytest.mark.parametrize(
    ("project", "scored"), [(44100, 44100), (48000, 48000), (96000, 96000), (88200, 48000), (None, 48000)]
)
def test_music_is_written_at_the_projects_rate_where_it_can_be(bench: Bench, project: int | None, scored: int) -> None:
    bench.ask("score", **SCORE, **cast(dict[str, Any], {"sr": project} if project else {}))
    assert bench.daemon.of("score")["sample_rate"] == scored
    assert bench.daemon.of("lay")["sample_rate"] == project


def test_the_seed_is_drawn_unless_one_is_asked_for(bench: Bench) -> None:
    bench.ask("score", **SCORE)
    assert bench.daemon.of("score")["seed"] is None
    assert bench.daemon.of("score")["style"] is None


def test_media_of_a_share_may_be_looked_at_since_the_host_has_them_open(bench: Bench) -> None:
    bench.share = "/share"
    bench.ask("score", **SCORE)
    assert Path(bench.daemon.of("score")["timeline"]) == Path("/share/Reel 3.otio")
    assert Path(bench.daemon.of("score")["to"]) == bench.music / "Reel 3"


def test_progress_tells_what_is_waited_for_and_never_says_that_all_is_done(bench: Bench) -> None:
    bench.ask("score", **SCORE)
    assert {"progress": 0.0, "stage": "queued", "words": "Waiting for 2 others"} in bench.said
    assert [one["progress"] for one in bench.said if one["stage"] == "score"] == [0.45]
    assert [one["progress"] for one in bench.said if one["stage"] == "lay"] == [pytest.approx(0.95)]


def test_the_stems_and_markers_that_were_chosen_are_laid(bench: Bench) -> None:
    remember(bench.home, PROJECT, {"stems": ["bass", "choir"], "markers": "hits"})
    placed = bench.ask("score", **SCORE)["placement"]
    assert bench.daemon.of("lay")["stems"] == ["bass"]
    assert [stem["name"] for stem in placed["stems"]] == ["bass"]
    assert {one["kind"] for one in placed["markers"]} == {"hit"}
    remember(bench.home, PROJECT, {"stems": ["choir"], "markers": "none"})
    answer = bench.ask("place", cue=CUE_ID)
    assert len(answer["placement"]["stems"]) == 5
    assert answer["placement"]["markers"] == []
    assert any("none of the stems" in sentence and "choir" in sentence for sentence in answer["said"])


def test_markers_for_resolve_carry_a_sign_in_their_notes_so_that_they_are_known_again(bench: Bench) -> None:
    notes = {one["note"] for one in bench.ask("score", **SCORE)["placement"]["markers"]}
    assert notes == {"Hitpoint", "Hitpoint: met, 3 ms late", "Hitpoint: not met: too close"}


def test_reaper_is_given_whole_stems_beside_its_project(bench: Bench) -> None:
    answer = bench.serve(from_json(text(job(items=[item(0, 10)], engine="composer", seed=3, in_=1.0, out=3.0))))
    score, lay = bench.daemon.of("score"), bench.daemon.of("lay")
    assert (score["in"], score["out"], score["seed"]) == ("24f", "72f", 3)
    assert Path(score["to"]) == Path("/edit/reel/Hitpoint Cues")
    assert (lay["pieces"], lay["sample_rate"]) == (False, None)
    assert {one["note"] for one in answer["placement"]["markers"]} == {"", "met, 3 ms late", "not met: too close"}
    assert answer["range"] == {"in": 24, "out": 72}


# --- re-rolls and takes


def test_a_reroll_asks_for_the_part_of_the_cue_that_is_selected(bench: Bench) -> None:
    answer = bench.ask("reroll", in_=50, out=160, cue=CUE_ID, stems="drums-bass", seed=8)
    asked = bench.daemon.of("reroll")
    assert (asked["cue"], asked["in"], asked["out"]) == ("/cues/reel/the cue", "100f", "160f")
    assert (asked["stems"], asked["seed"]) == (["drums", "bass"], 8)
    assert answer["said"] == ["As is."]
    assert bench.orders[0]["cue"] == CUE_ID
    assert bench.orders[0]["search"] == [str(bench.music)]


def test_a_selection_beside_the_cue_is_refused(bench: Bench) -> None:
    with pytest.raises(UnusableInput, match="outside of the cue"):
        bench.ask("reroll", in_=400, out=500, cue=CUE_ID)
    assert bench.daemon.ops() == []


def test_a_remembered_seed_is_not_used_for_a_reroll_which_would_only_repeat_itself(bench: Bench) -> None:
    remember(bench.home, PROJECT, {"seed": 5})
    bench.ask("reroll", in_=100, out=200, cue=CUE_ID)
    assert bench.daemon.of("reroll")["seed"] is None


def test_an_edit_that_has_changed_is_told_with_what_follows_it(bench: Bench) -> None:
    bench.found["changed"] = "Of the picture 3.0 s is new."
    (sentence, _) = bench.ask("reroll", in_=100, out=200, cue=CUE_ID)["said"]
    assert "3.0 s is new" in sentence
    assert "Score range" in sentence
    assert "hitpoint reroll CUE --timeline EDIT" in sentence


def test_reaper_names_the_folder_of_its_cue(bench: Bench) -> None:
    bench.serve(from_json(text(job("reroll", cue="/cues/mine", items=[item(0, 20)], in_=5.0, out=8.0, stems=["bass"]))))
    order = bench.orders[0]
    assert (order["cue"], order["folders"], order["search"]) == ("", ["/cues/mine"], [])
    assert bench.daemon.of("reroll")["stems"] == ["bass"]


@pytest.mark.parametrize(("action", "used"), [("next", 4), ("previous", 1)])
def test_the_take_after_or_before_is_put_in_use_and_laid(bench: Bench, action: str, used: int) -> None:
    bench.ask(action, cue=CUE_ID)
    assert bench.daemon.ops() == ["takes", "takes", "lay"]
    assert bench.daemon.asked[1][1]["use"] == used


@pytest.mark.parametrize(
    ("action", "in_use", "sentence"), [("next", 4, "Take 4 is the latest."), ("previous", 1, "Take 1 is the first.")]
)
def test_at_the_end_the_same_take_is_laid_and_that_is_said(
    bench: Bench, action: str, in_use: int, sentence: str
) -> None:
    bench.daemon.takes = [{"take": number, "in_use": number == in_use} for number in (1, 2, 4)]
    answer = bench.ask(action, cue=CUE_ID)
    assert answer["said"] == [sentence]
    assert bench.daemon.ops() == ["takes", "lay"]
    assert answer["placement"]["stems"]


def test_a_cue_that_was_laid_before_needs_no_search(bench: Bench) -> None:
    folder = Path(bench.daemon.laid["cue"]["folder"])
    (folder / "cue.json").write_text("{}")
    memory.remember_cue(bench.home, CUE_ID, str(folder))
    bench.ask("place", cue=CUE_ID)
    assert bench.orders == []
    assert bench.daemon.of("lay")["cue"] == str(folder)
    (folder / "cue.json").unlink()
    bench.ask("place", cue=CUE_ID, sr=48000)
    assert [order["do"] for order in bench.orders] == ["look"]
    assert bench.daemon.asked[-1][1]["cue"] == "/cues/reel/the cue"


# --- the small ones


def test_what_was_laid_is_not_ready_any_more(bench: Bench) -> None:
    memory.make_ready(bench.home, f"{PROJECT}-{TIMELINE}", "first000", CUE_ID)
    assert bench.ask("placed", of="first000") == {}
    assert memory.recall(bench.home)["ready"] == {}


def test_cancel_means_the_jobs_of_this_timeline_or_of_one_request(bench: Bench) -> None:
    mine, other = f"resolve {PROJECT}-{TIMELINE}", "resolve 00000000-00000000"
    bench.daemon.jobs = [
        {"id": "host-aaaaaaaa-01234567", "client": mine, "state": "running"},
        {"id": "host-bbbbbbbb-01234567-lay", "client": mine, "state": "queued"},
        {"id": "host-cccccccc-01234567", "client": mine, "state": "done"},
        {"id": "host-dddddddd-01234567", "client": other, "state": "running"},
        {"id": "0123456789abcdef", "client": mine, "state": "running"},
    ]
    assert bench.ask("cancel") == {"cancelled": ["aaaaaaaa", "bbbbbbbb"]}
    stopped = [fields["job"] for op, fields in bench.daemon.asked if op == "cancel"]
    assert stopped == ["host-aaaaaaaa-01234567", "host-bbbbbbbb-01234567-lay"]
    assert bench.ask("cancel", of="dddddddd") == {"cancelled": ["dddddddd"]}


def test_options_are_kept_for_the_project_and_asked_for_without_changing_any(bench: Bench) -> None:
    told = bench.ask("options", s="lo-fi", us=1, stems="bass")
    assert (told["options"]["style"], told["options"]["stems"]) == ("lo-fi", ["bass"])
    assert bench.ask("options") == told
    assert bench.ask("options", mk="none")["options"]["stems"] == []


def test_choices_are_the_engines_the_styles_and_the_options(bench: Bench) -> None:
    told = bench.serve(from_json(text(job("choices"))))
    assert told["engines"] == [{"name": "composer", "ready": True, "stems": ["drums"]}]
    assert told["styles"] == ["tension"]
    assert told["options"]["engine"] == "composer"


# --- what goes wrong


def test_what_the_daemon_refuses_is_the_answer(bench: Bench) -> None:
    bench.daemon.refuses["score"] = EngineNotReady("The weights are not there", "muvi")
    with pytest.raises(EngineNotReady, match="weights"):
        bench.ask("score", **SCORE)
    bench.daemon.refuses["score"] = WrongUse("The field engine must be a name")
    with pytest.raises(WrongUse, match="engine"):
        bench.ask("score", **SCORE)


def test_a_request_that_is_found_again_is_the_same_work_even_where_settings_have_changed(bench: Bench) -> None:
    bench.ask("score", **SCORE)
    first = [fields["job"] for _, fields in bench.daemon.asked]
    bench.daemon.asked.clear()
    bench.home.settings.write_text(f"cues = '{bench.music / 'elsewhere'}'\n")
    ask = bench.daemon.ask

    def refusing(op: str, attachment: bytes | None = None, **fields: Any) -> dict[str, Any]:
        answer = ask(op, attachment, **fields)
        if op == "score":
            raise WrongUse("This id was used for another job")
        return answer

    bench.daemon.known = set(first)
    bench.daemon.ask = refusing  # type: ignore[method-assign]
    assert bench.ask("score", **SCORE)["placement"]
    assert list(dict.fromkeys(fields["job"] for _, fields in bench.daemon.asked)) == first


def test_who_has_cancelled_starts_no_work(bench: Bench) -> None:
    with pytest.raises(Cancelled):
        bench.serve(from_name(name("k3j9x2ab", "score", **SCORE), b"{}"), cancelled=True)
    with pytest.raises(Cancelled):
        bench.serve(from_json(text(job("next", cue="/cues/a"))), cancelled=True)
    assert bench.daemon.ops() == []
