"""What a script asks is read from a name or from JSON; what cannot be meant is refused in a sentence."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import WrongUse
from daemon.hosts.request import (
    KEYS,
    LONGEST_NAME,
    REAPER_ACTIONS,
    RESOLVE_ACTIONS,
    VERSION,
    from_json,
    from_name,
    id_of,
    is_request,
)
from daemon.protocol import JOB_ID
from tests.daemon.hosts.asking import PROJECT, TIMELINE, item, job, name, text

SCORE = {"in_": 10, "out": 250, "df": 0}


def test_a_name_tells_all_that_an_export_leaves_out() -> None:
    told = name("k3j9x2ab", "score", in_=10, out=250, df=1, sr=44100, seed=7, nm="Reel 3: Tür", json=1)
    request = from_name(told, b"{}")
    assert (request.id, request.action, request.host, request.version) == ("k3j9x2ab", "score", "resolve", VERSION)
    assert (request.start_frame, request.end_frame, request.drop_frame) == (10, 250, True)
    assert (request.sample_rate, request.seed, request.name) == (44100, 7, "Reel 3: Tür")
    assert request.as_json
    assert request.key == f"{PROJECT}-{TIMELINE}"
    assert request.client == f"resolve {PROJECT}-{TIMELINE}"


@pytest.mark.parametrize(
    ("action", "values"),
    [
        ("reroll", {"in_": 1, "out": 2, "cue": "3f9a2c1b", "stems": "drums-bass"}),
        ("next", {"cue": "3f9a2c1b"}),
        ("previous", {"cue": "3f9a2c1b", "sr": 96000}),
        ("place", {"cue": "3f9a2c1b"}),
        ("placed", {"of": "a1b2c3d4"}),
        ("cancel", {}),
        ("cancel", {"of": "a1b2c3d4"}),
        ("options", {}),
    ],
)
def test_every_action_is_understood(action: str, values: dict[str, Any]) -> None:
    request = from_name(name("k3j9x2ab", action, **values), b"")
    assert request.action == action
    assert request.cue == values.get("cue", "")
    assert request.of == values.get("of", "")
    assert request.stems == (("drums", "bass") if "stems" in values else ())


def test_options_are_told_by_their_keys() -> None:
    request = from_name(name("k3j9x2ab", "options", e="composer", s="lo-fi", us=1, seed="new", mk="hits"), b"")
    assert request.wishes == {
        "engine": "composer",
        "style": "lo-fi",
        "under_speech": True,
        "seed": "new",
        "markers": "hits",
        "stems": [],
    }
    chosen = from_name(name("k3j9x2ab", "options", seed=12, stems="drums-melody"), b"")
    assert chosen.wishes == {"seed": 12, "stems": ["drums", "melody"]}
    assert from_name(name("k3j9x2ab", "options"), b"").wishes == {}


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=16).filter(str.isprintable))
def test_whatever_a_timeline_is_called_comes_through_its_escapes(called: str) -> None:
    told = name("k3j9x2ab", "score", **SCORE, nm=called)
    assert told.isascii()
    if len(told) <= LONGEST_NAME:
        assert from_name(told, b"").name == called


def test_a_name_that_was_cut_inside_a_character_ends_before_it() -> None:
    told = name("k3j9x2ab", "score", **SCORE, nm="Tür").replace("=C3=BC", "=C3")
    assert from_name(told, b"").name == "Tr"


@given(st.binary(max_size=60))
def test_no_name_is_worse_than_a_sentence(noise: bytes) -> None:
    told = f"hp1_id-k3j9x2ab_{noise.decode('latin-1')}.otio"
    with pytest.raises(WrongUse):
        from_name(told, b"")


@given(st.sampled_from(sorted(KEYS)), st.text(max_size=12))
def test_no_value_is_worse_than_a_sentence(key: str, value: str) -> None:
    for action in RESOLVE_ACTIONS:
        told = {"in_": 1, "out": 2, "df": 0, "cue": "3f9a2c1b", "of": "a1b2c3d4"}
        asked = name("k3j9x2ab", action, **told).replace(".otio", f"_{key}-{value}.otio")
        with suppress(WrongUse):  # and nothing else
            assert from_name(asked, b"").action in RESOLVE_ACTIONS


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (name("k3j9x2ab", "score", in_=250, out=250, df=0), "The range is empty"),
        (name("k3j9x2ab", "score", out=250, df=0), "The key in is missing"),
        (name("k3j9x2ab", "score", in_="1e9", out=250, df=0), "'1e9' of in cannot be meant"),
        (name("k3j9x2ab", "score", in_=1, out=9_999_999_999, df=0), "too large"),
        (name("K3J9", "score", **SCORE), "'K3J9' of id cannot be meant"),
        (name("k3j9x2ab", "repeat"), "There is no action 'repeat'"),
        (name("k3j9x2ab", "next", cue="../../etc"), "of cue cannot be meant"),
        (name("k3j9x2ab", "score", **SCORE, nm="x" * 200), "characters"),
        ("hp1_id-k3j9x2ab_do-score_v-0-1-0_p-../x.otio", "not escaped"),
        ("reel.otio", "no name of a request"),
    ],
)
def test_a_name_that_cannot_be_meant_is_refused_with_what_is_wrong(asked: str, sentence: str) -> None:
    with pytest.raises(WrongUse, match=re.escape(sentence)):
        from_name(asked, b"")


@pytest.mark.parametrize(
    "asked",
    [
        name("k3j9x2ab", "score", **SCORE, v="0-0-9"),
        name("k3j9x2ab", "dance", v="9-9-9"),
        name("k3j9x2ab", "score", **SCORE).replace("hp1_", "hp2_"),
        name("k3j9x2ab", "score", **SCORE).replace("_v-0-1-0", ""),
    ],
)
def test_a_script_of_another_version_is_told_both_and_what_to_run(asked: str) -> None:
    with pytest.raises(
        WrongUse, match=f"Hitpoint of version {re.escape(VERSION)}.*hitpoint install resolve"
    ) as refused:
        from_name(asked, b"")
    assert refused.value.code == "wrong-version"
    assert WrongUse.code == "wrong-use"


def test_the_id_is_read_also_where_the_rest_is_wrong() -> None:
    assert id_of("hp1_id-k3j9x2ab_do-nonsense.otio") == "k3j9x2ab"
    assert id_of("hp7_do-x_id-k3j9x2ab.otio") == "k3j9x2ab"
    assert id_of("hp1_id-../../x_do-score.otio") == ""
    assert id_of("hp1_do-score.otio") == ""
    assert is_request("HP1_anything.OTIO")
    assert not is_request("k3j9x2ab.answer.lua")
    assert not is_request(".hp1_id-k3j9x2ab.otio.part")


def test_the_job_follows_from_all_that_is_asked() -> None:
    asked = name("k3j9x2ab", "score", **SCORE)
    job_of = from_name(asked, b"one").job
    assert re.fullmatch(JOB_ID, f"{job_of}-takes")
    assert from_name(asked, b"one").job == job_of
    assert from_name(asked, b"two").job != job_of
    assert from_name(name("k3j9x2ab", "score", **{**SCORE, "in_": 11}), b"one").job != job_of
    assert re.fullmatch(JOB_ID, from_name(name("a" * 16, "cancel"), b"").job + "-takes")


# --- JSON


def test_a_range_in_seconds_goes_to_the_nearest_frames() -> None:
    request = from_json(text(job(in_=1.02, out=2.99, rate=23.976, items=[item(0, 10)])))
    assert (request.start_frame, request.end_frame) == (24, 72)
    assert (request.name, request.folder, request.host) == ("reel", "/edit/reel", "reaper")
    assert request.content.startswith(b'{"OTIO_SCHEMA": "Timeline.1"')


def test_wishes_that_are_nil_are_as_they_are_remembered() -> None:
    assert from_json(text(job())).wishes == {}
    told = from_json(text(job(engine="composer", style="auto", seed=3.0, under_speech=True, stems=["bass"])))
    assert told.wishes == {"engine": "composer", "style": "auto", "under_speech": True, "stems": ["bass"]}
    assert told.seed == 3
    assert from_json(text(job(markers_wanted="hits", stems={}))).wishes == {"markers": "hits"}


def test_the_stems_of_a_reroll_are_those_to_be_written_anew() -> None:
    request = from_json(text(job("reroll", cue="/cues/a", stems=["drums"])))
    assert (request.stems, request.wishes) == (("drums",), {})
    assert request.cue == "/cues/a"


@pytest.mark.parametrize("action", REAPER_ACTIONS)
def test_every_action_of_reaper_is_understood(action: str) -> None:
    assert from_json(text(job(action, cue="/cues/a"))).action == action


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (job(out=0.0), "No time is selected"),
        (job(in_=5.0, out=5.001), "No time is selected"),
        (job(rate=0), "rate"),
        (job(rate="24"), "rate"),
        (job(rate=True), "rate"),
        (job(in_=float("nan")), "in"),
        (job(out=float("inf")), "out"),
        (job(items={"a": 1}), "items"),
        (job(items=[7]), "items[1]"),
        (job(items=[item(0, 1), {**item(0, 1), "playrate": 0}]), "items[2]"),
        (job(markers=[{"name": "x"}]), "position"),
        (job(seed=-1), "seed"),
        (job(seed=1.5), "seed"),
        (job("reroll"), "cue"),
        (job("dance"), "There is no action 'dance'"),
        (job(id="x"), "id"),
        (job(id=7), "id"),
        (job(project=[]), "map"),
        (job(stems=[1]), "stems"),
        ({**job(), "items": [item(0, 1, file="a\0b")]}, "file"),
    ],
)
def test_a_json_request_that_cannot_be_meant_is_refused_with_what_is_wrong(told: dict[str, Any], sentence: str) -> None:
    with pytest.raises(WrongUse, match=re.escape(sentence)):
        from_json(text(told))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'"x"'])
def test_what_is_no_json_is_refused(content: bytes) -> None:
    with pytest.raises(WrongUse):
        from_json(content)


def test_another_version_of_the_script_is_told_both() -> None:
    with pytest.raises(WrongUse, match=r"0\.0\.9.*hitpoint install reaper") as refused:
        from_json(text(job(version="0.0.9")))
    assert refused.value.code == "wrong-version"


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(job())), JSON)
def test_no_field_is_worse_than_a_sentence(field: str, value: Any) -> None:
    with suppress(WrongUse):  # and nothing else
        assert from_json(text({**job("reroll", cue="/cues/a"), field: value})).action in REAPER_ACTIONS
