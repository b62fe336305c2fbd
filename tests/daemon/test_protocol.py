"""What may be asked of the daemon: every shape, every bound, and that nothing else than a refusal comes of anything."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import HitpointError, UnusableInput
from daemon import protocol, wire
from daemon.protocol import BURST, OPERATIONS, RATE, Bucket, Refusal, parsed
from tests.daemon.asking import JOB, REQUESTS, ROOT, frame


def asked(op: str, **fields: Any) -> Any:
    """The checked fields of a request."""
    return parsed([frame(op, **{**REQUESTS[op], **fields})]).fields


def refused(*frames: bytes) -> Refusal:
    """Why a request is refused."""
    with pytest.raises(Refusal) as caught:
        parsed(frames)
    return caught.value


def why(op: str, **fields: Any) -> str:
    """The sentence with which a request is refused."""
    return str(refused(frame(op, **{**REQUESTS[op], **fields})))


# --- what is in order


@pytest.mark.parametrize("op", OPERATIONS)
def test_each_operation_is_read(op: str) -> None:
    read = parsed([frame(op, **REQUESTS[op])])
    assert (read.id, read.op, read.attachment) == ("r1", op, None)
    assert isinstance(read.fields, OPERATIONS[op])
    dumped = read.fields.model_dump(mode="json", by_alias=True)
    assert {name: dumped[name] for name in REQUESTS[op]} == REQUESTS[op]
    assert wire.unpacked(wire.packed(dumped)) == dumped


@pytest.mark.parametrize("op", OPERATIONS)
def test_fields_that_are_not_known_are_ignored(op: str) -> None:
    read = parsed([frame(op, **REQUESTS[op], colour="red", newer={"a": [1, 2]}, in_text="hidden", model_config={})])
    assert read == parsed([frame(op, **REQUESTS[op])])


def test_optional_fields_may_be_nil_or_left_out() -> None:
    bare = {"job": JOB, "timeline": f"{ROOT}edit/reel.otio"}
    optional = ("in", "out", "style", "ending", "seed", "to", "soundfont")
    nil = dict.fromkeys(optional)
    assert parsed([frame("score", **bare, **nil)]).fields == parsed([frame("score", **bare)]).fields


def test_score_carries_the_timeline_as_its_attachment() -> None:
    assert parsed([frame("score", **REQUESTS["score"]), b"{}"]).attachment == b"{}"


@pytest.mark.parametrize("op", [op for op in OPERATIONS if op != "score"])
def test_nothing_else_takes_an_attachment(op: str) -> None:
    refusal = refused(frame(op, **REQUESTS[op]), b"{}")
    assert str(refusal) == f"Only score and reroll take an attachment, of the timeline that they name ({op})."


def test_a_changed_edit_travels_as_a_timeline_does() -> None:
    changed = {"job": JOB, "cue": f"{ROOT}edit/cue", "timeline": f"{ROOT}edit/reel 2.otio", "to": f"{ROOT}edit"}
    assert parsed([frame("reroll", **changed), b"{}"]).attachment == b"{}"
    assert parsed([frame("reroll", **changed)]).attachment is None


# --- what goes together in changes of a cue


def test_a_changed_edit_says_itself_what_is_written_anew() -> None:
    for part in ({"stems": ["drums"]}, {"snap": "bar"}):
        refusal = refused(frame("reroll", job=JOB, cue=f"{ROOT}cue", timeline=f"{ROOT}new.otio", **part))
        assert "leave stems and snap out" in str(refusal)
    for wish in ({"style": "ambient"}, {"prompt": "sparse"}):
        refusal = refused(frame("reroll", job=JOB, cue=f"{ROOT}cue", timeline=f"{ROOT}new.otio", **wish))
        assert "keeps the style and the words of its cue" in str(refusal)


def test_a_take_is_made_nowhere_else_than_in_its_cue() -> None:
    assert "to is for a changed edit" in why("reroll", to=f"{ROOT}edit")


@pytest.mark.parametrize("both", [{"verify": True}, {"prune": True}])
def test_takes_does_one_thing_at_once(both: dict[str, bool]) -> None:
    assert why("takes", **both) == "Only one of use, verify and prune may be asked for at once (takes)."
    assert "Only one" in why("takes", use=None, verify=True, prune=True)


@pytest.mark.parametrize("part", [{"in": "2s"}, {"out": "2s"}, {"stems": ["drums"]}, {"snap": "none"}])
def test_a_part_is_taken_from_a_take_that_is_named(part: dict[str, Any]) -> None:
    assert why("takes", use=None, **part) == "A part is taken from a take: give its number with use (takes)."


# --- the envelope


def test_a_version_that_is_not_spoken_is_answered_with_those_that_are() -> None:
    for versions in ({"v": 2}, {"v": 0}, {"v": -1}, {"v": 2**63}):
        refusal = refused(frame("status", **versions))
        assert refusal.id == "r1"
        told = wire.unpacked(refusal.answer())
        assert told["protocols"] == [1]
        assert told["re"] == "r1"
        assert "is not spoken here" in told["error"]["what"]
        assert "Speak 1" in told["error"]["do"]


def test_a_client_that_speaks_newer_versions_only_hears_what_is_spoken_here() -> None:
    refusal = refused(frame("hello", **{**REQUESTS["hello"], "protocols": [2, 3]}))
    assert str(refusal).startswith("Version 2, 3 of the protocol is not spoken here")
    assert refusal.more == {"protocols": [1]}
    assert asked("hello", protocols=[2, 1]).protocols == [2, 1]


@pytest.mark.parametrize("version", [None, "1", 1.0, True, [1], {"a": 1}, b"1"])
def test_a_version_must_be_a_whole_number(version: Any) -> None:
    assert str(refused(frame("ping", v=version))).startswith("The field v must be the protocol's version")


@pytest.mark.parametrize("op", [None, "", "Score", "hello ", 1, ["ping"], {"a": 1}, b"ping", "x" * 5000, "__class__"])
def test_an_operation_that_is_not_known_is_answered_with_those_that_are(op: Any) -> None:
    refusal = refused(wire.packed({"v": 1, "id": "r1", "op": op}))
    assert refusal.id == "r1"
    assert str(refusal).startswith("There is no operation ")
    assert all(known in str(refusal) for known in OPERATIONS)
    assert len(str(refusal)) < 400


def test_a_request_id_has_1_to_64_characters() -> None:
    for text in ("a", "x" * protocol.MAX_ID, "été 🎵"):
        assert parsed([frame("ping", id=text)]).id == text
    for wrong in ("", "x" * (protocol.MAX_ID + 1), 7, None, ["r1"]):
        refusal = refused(frame("ping", id=wrong))
        assert refusal.id == ""
        assert "The field id must be a text of 1 to 64 characters" in str(refusal)
        assert wire.unpacked(refusal.answer())["re"] == ""


def test_a_message_that_cannot_be_read_is_refused_without_an_id() -> None:
    for frames in ([b""], [], [b"\x93\x01\x02\x03"], [b"\xff" * 100], [b"\x81\xa1a"]):
        refusal = refused(*frames)
        assert refusal.id == ""
        assert refusal.error.code == "wrong-use"


# --- fields, at their bounds and beyond


def path_of(length: int) -> str:
    """An absolute path of so many characters."""
    return ROOT + "x" * (length - len(ROOT))


BOUNDS: list[tuple[str, str, list[Any], list[Any]]] = [
    (
        "score",
        "job",
        ["abcdefgh", "a" * 64, "0-------"],
        [
            "abcdefg",
            "a" * 65,
            "-abcdefgh",
            "ABCDEFGH",
            "abcdefgh\n",
            "",
            12345678,
            "abc_defgh",
            "äbcdefgh",
            "../../../x",
        ],
    ),
    (
        "score",
        "timeline",
        [path_of(4096), f"{ROOT}é\n🎵 .otio", ROOT],
        [path_of(4097), "", "relative.otio", "~/x.otio", f"{ROOT}a\0b", "file:///a.otio", None, 7, b"/a", ["/a"]],
    ),
    ("score", "in", ["0f", "x" * 64, None], ["", "x" * 65, 0, 1.5, True]),
    ("score", "out", ["0f", "x" * 64, None], ["", "x" * 65, 0, 1.5, True]),
    ("score", "engine", ["x", "x" * 64, "house engine"], ["", "x" * 65, None, "../x", "a\\b", "a\nb", "a\0", 1]),
    ("score", "style", [None, "x" * 64, "Ärger"], ["", "x" * 65, "a/b", 3, "\x1b[2J"]),
    ("score", "prompt", ["", "x" * 10_000, "sparse,\ndark"], ["x" * 10_001, None, 5, b"x"]),
    ("score", "under_speech", [True, False], [1, 0, "true", None]),
    ("score", "ending", [None, "button", "ring", "cut", "lead-out"], ["", "Button", "fade", 1]),
    ("score", "seed", [None, 0, 2**31 - 1], [-1, 2**31, 7.0, "7", True, 2**64 - 1, -(2**63)]),
    ("score", "to", [None, path_of(4096)], [path_of(4097), "relative", "", f"{ROOT}\0"]),
    ("score", "sample_rate", [44100, 48000, 96000], [0, 22050, 48001, "48000", None, True]),
    (
        "score",
        "loudness",
        [-40, -40.0, -10.0, -23.5, -10],
        [-40.001, -9.999, float("nan"), float("inf"), float("-inf"), "-20", None, True],
    ),
    ("score", "soundfont", [None, path_of(4096)], [path_of(4097), "x.sf2"]),
    ("reroll", "cue", [path_of(4096)], [path_of(4097), "cue", None]),
    ("reroll", "stems", [[], ["drums"], ["x"] * 16], [["x"] * 17, [""], ["a/b"], [7], "drums", None, {}]),
    ("reroll", "snap", [None, "beat", "bar", "cut", "none"], ["", "Bar", "frame", 1]),
    ("reroll", "prompt", [None, "", "x" * 10_000], ["x" * 10_001, 5, b"x"]),
    ("takes", "use", [None, 1, 999_999_999], [0, -1, 10**9, "1", 1.0, True]),
    ("takes", "verify", [False], [1, 0, "true", None]),
    ("takes", "prune", [False], [1, 0, "true", None]),
    ("watch", "folder", [path_of(4096)], [path_of(4097), "drop", None]),
    ("watch", "stop", [True, False], [1, None]),
    ("export", "cue", [path_of(4096)], [path_of(4097), "cue", None]),
    ("export", "sections", [True, False], ["no", None]),
    ("export", "preview", ["mp3", "mp4", None], ["wav", "", True]),
    ("export", "to", [None, path_of(4096)], [path_of(4097), "x"]),
    ("cue", "cue", [path_of(4096)], [path_of(4097), "cue", None]),
    ("lay", "cue", [path_of(4096)], [path_of(4097), "cue", None]),
    ("lay", "pieces", [True, False], [1, "true", None]),
    ("lay", "sample_rate", [None, 8000, 44_100, 192_000], [7999, 192_001, 48_000.0, "48000", True]),
    ("jobs", "limit", [1, 1000], [0, 1001, -1, 10.0, "10", None, True]),
    ("follow", "job", ["a" * 64], ["a" * 65, None]),
    ("hello", "client", ["x", "x" * 128, "Zoë 🎵"], ["", "x" * 129, None, "a\nb", "\x1b[2J"]),
    ("hello", "program", [None, "x" * 128], ["", "x" * 129, 1]),
    (
        "hello",
        "protocols",
        [[1], [1, *range(2, 17)]],
        [[], [2, 3, *range(1, 16)], ["1"], [True], [1.0], [0, 1], [1, 2**31], 1, None, {}],
    ),
]
"""Operation, field, values that are taken, values that are refused."""


@pytest.mark.parametrize(("op", "field", "right", "wrong"), BOUNDS, ids=[f"{op}-{field}" for op, field, *_ in BOUNDS])
def test_each_field_is_taken_to_its_bounds_and_no_further(
    op: str, field: str, right: list[Any], wrong: list[Any]
) -> None:
    for value in right:
        read = asked(op, **{field: value}).model_dump(by_alias=True)[field]
        assert read == value
        assert not isinstance(value, bool) or read is value
    for value in wrong:
        sentence = why(op, **{field: value})
        assert sentence.startswith(f"The field {field} must be "), sentence
        assert sentence.endswith(f"({op})."), sentence
        assert sentence.isprintable()
        assert len(sentence) < 260


def test_every_field_has_its_bounds_tested() -> None:
    tested = {(op, field) for op, field, *_ in BOUNDS}
    alike = {"watch": "score", "cue": "score", "cancel": "follow", "job": "follow", "export": "score"}
    alike |= {"reroll": "score", "takes": "reroll", "lay": "reroll"}
    for op, model in OPERATIONS.items():
        for name, field in model.model_fields.items():
            key = field.alias or name
            same = OPERATIONS[alike[op]].model_fields.get(name) if op in alike else None
            if (op, key) not in tested and (op, key) != ("export", "bwf"):
                assert same is not None, (op, key)
                assert {(alike[op], key), (alike.get(alike[op]), key)} & tested
                assert same.description == field.description


@pytest.mark.parametrize(("op", "field"), [(op, field) for op in OPERATIONS for field in REQUESTS[op]])
def test_a_field_that_is_missing_is_named(op: str, field: str) -> None:
    fields = {name: value for name, value in REQUESTS[op].items() if name != field}
    model = OPERATIONS[op]
    needed = any((each.alias or name) == field and each.is_required() for name, each in model.model_fields.items())
    if needed:
        assert str(refused(frame(op, **fields))).startswith(f"The field {field} is missing: ")


def test_errors_speak_no_jargon() -> None:
    for op, field, _, wrong in BOUNDS:
        for value in wrong:
            sentence = why(op, **{field: value}).replace(repr(value), "")
            for jargon in (
                "pydantic",
                "validation",
                "string",
                "str_",
                "literal",
                "input",
                "constraint",
                "NoneType",
                "regex",
                "None",
            ):
                assert jargon not in sentence, sentence


def test_an_export_of_nothing_is_refused() -> None:
    sentence = str(refused(frame("export", job=JOB, cue=REQUESTS["export"]["cue"])))
    assert sentence == "Nothing is asked for: one of bwf, sections and preview must be given (export)."


def test_paths_on_windows_have_a_drive_or_a_share_and_name_no_device() -> None:
    def right(text: str) -> bool:
        return protocol.absolute(text, windows=True)

    for text in (
        r"C:\edit\reel.otio",
        "C:/edit/reel.otio",
        r"\\server\share\reel.otio",
        "//server/share/x",
        r"\\.server\share\x",
        "Z:\\",
        r"C:\edit\console.otio",
        r"C:\PROGRA~1\x",
    ):
        assert right(text), text
    not_absolute = ("", "reel.otio", "C:reel.otio", "C:", r"\edit\reel.otio", "/windows/win.ini", r"\\server")
    devices = (r"\\.\PhysicalDrive0", r"\\?\C:\x", "//./COM1", "//?/C:/x", r"C:\edit\nul", r"C:\NUL.otio", r"C:\con\x")
    others = ("C:\\aux .txt", r"C:\COM1", r"C:\lpt9.wav", r"C:\reel.otio:stream", r"C:\a:b\c", "C:\\a\0b")
    for text in (*not_absolute, *devices, *others):
        assert not right(text), text


def test_paths_elsewhere_begin_at_the_root() -> None:
    for text in ("/", "/edit/reel.otio", "//edit", "/a:b", "/nul", "/../x"):
        assert protocol.absolute(text, windows=False)
    for text in ("", "a", "./a", "~", r"C:\a", "/a\0"):
        assert not protocol.absolute(text, windows=False)


# --- answers


def test_answers_refusals_and_events_are_what_the_document_says() -> None:
    assert wire.unpacked(protocol.answer("r1", {"jobs": []})) == {"v": 1, "re": "r1", "ok": {"jobs": []}}
    assert wire.unpacked(protocol.event({"id": JOB})) == {"v": 1, "event": "job", "job": {"id": JOB}}
    error = UnusableInput("The range is empty", "reel.otio", "Give --out.")
    assert wire.unpacked(protocol.refusal("r2", error)) == {
        "v": 1,
        "re": "r2",
        "error": {"code": "unusable-input", "what": "The range is empty", "where": "reel.otio", "do": "Give --out."},
    }


def test_a_file_name_that_is_not_unicode_does_not_stop_an_answer() -> None:
    name = "caf\udce9.otio"
    assert wire.unpacked(protocol.event({"name": name}))["job"]["name"] == "caf\\udce9.otio"
    told = wire.unpacked(protocol.refusal("r1", HitpointError("There is no such file", name)))
    assert told["error"]["where"] == "caf\\udce9.otio"
    assert wire.unpacked(protocol.answer("r1", {"n": name}))["ok"]["n"] == "caf\\udce9.otio"


# --- rate


def test_a_bucket_takes_a_burst_and_then_a_rate() -> None:
    bucket = Bucket()
    assert sum(bucket.take(100.0) for _ in range(BURST + 50)) == BURST
    assert sum(bucket.take(101.0) for _ in range(RATE + 50)) == RATE
    assert not bucket.take(101.001)
    assert bucket.take(101.0 + 1.01 / RATE)
    assert sum(bucket.take(1e9) for _ in range(2 * BURST)) == BURST


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.floats(0, 0.05), min_size=1, max_size=400))
def test_no_rhythm_of_requests_gets_past_the_bucket(gaps: list[float]) -> None:
    bucket, now, taken = Bucket(), 50.0, 0
    for gap in gaps:
        now += gap
        taken += sum(bucket.take(now) for _ in range(30))
    assert taken <= BURST + RATE * sum(gaps) + 1


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    bucket = Bucket()
    assert sum(bucket.take(100.0) for _ in range(BURST)) == BURST
    assert not bucket.take(50.0)


def test_a_connection_is_told_once_that_it_is_too_fast_until_it_has_rested() -> None:
    bucket = Bucket()
    assert all(bucket.take(0.0) for _ in range(BURST))
    assert not bucket.said
    bucket.said = True
    assert not bucket.take(0.0)
    assert bucket.take(0.5)
    assert bucket.said
    bucket.take(2.0)
    assert not bucket.said
