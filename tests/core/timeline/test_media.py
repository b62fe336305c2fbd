"""Where media lie: every way of writing an address, archives read in place, and nothing opened but files."""

from __future__ import annotations

import io
import json
import os
import zipfile
from fractions import Fraction
from pathlib import Path

import av
import pytest

from core.brief import Media
from core.errors import UnusableInput
from core.timeline import archive
from core.timeline import media as media_module
from core.timeline.archive import open_media
from core.timeline.media import Library
from core.timeline.read import read
from core.timeline.tree import Reference
from tests.core.timeline.documents import Node, clip, external, saved, span, time, timeline, track
from tests.core.timeline.movies import Numbers, write_numbered


def media_of(tmp_path: Path, url: str) -> Media:
    """The medium of a timeline in tmp_path/edits whose only clip has this address."""
    folder = tmp_path / "edits"
    folder.mkdir(exist_ok=True)
    edit = read(saved(timeline(track(clip("a", span(0, 10), external(url, span(0, 100))))), folder))
    media = edit.shots[0].media
    assert media is not None
    assert edit.offline == ((media.why_offline,) if media.path is None else ())
    return media


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    file = folder / "été 50%25 a.mov"
    file.write_bytes(b"picture")
    return file


@pytest.mark.parametrize(
    "url",
    [
        "../media/été 50%25 a.mov",
        "../media/%C3%A9t%C3%A9%2050%2525%20a.mov",
        "..\\media\\été 50%25 a.mov",
        "file:../media/%C3%A9t%C3%A9%2050%2525%20a.mov",
    ],
)
def test_relative_addresses_count_from_the_timelines_folder(tmp_path: Path, picture: Path, url: str) -> None:
    assert media_of(tmp_path, url).path == picture.resolve()


@pytest.mark.parametrize("before", ["file://", "file://localhost", "FILE://", "file:"])
def test_file_urls_are_decoded(tmp_path: Path, picture: Path, before: str) -> None:
    escaped = str(picture).replace("%", "%25").replace(" ", "%20").replace("é", "%C3%A9")
    assert media_of(tmp_path, before + escaped).path == picture.resolve()


def test_a_bare_path_is_taken_as_it_is(tmp_path: Path, picture: Path) -> None:
    assert media_of(tmp_path, str(picture)).path == picture.resolve()


@pytest.mark.skipif(os.name == "nt", reason="drives exist on Windows")
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("E:\\SHOW REEL\\more\\1.mxf", "E:\\SHOW REEL\\more\\1.mxf"),
        ("file:///C:/media/1.mxf", "C:/media/1.mxf"),
        ("file://localhost/D%3a/media/1.mxf", "D:/media/1.mxf"),
        ("file://C:/media/1.mxf", "C:/media/1.mxf"),
    ],
)
def test_windows_addresses_are_offline_elsewhere_and_named(tmp_path: Path, url: str, said: str) -> None:
    media = media_of(tmp_path, url)
    assert media.path is None
    assert said in media.why_offline


ON_ANOTHER_MACHINE = [
    "\\\\server\\share\\1.mxf",
    "\\/server\\share\\1.mxf",
    "file://server/share/1.mxf",
    "FILE://server/share/1.mxf",
    "file://server%5Cshare/1.mxf",
    "%5C%5Cserver%5Cshare%5C1.mxf",
    "\\\\?\\UNC\\server\\share\\1.mxf",
    "\\\\.\\pipe\\1",
]
ON_ANOTHER_MACHINE_ON_WINDOWS = ["//server/share/1.mxf", "/\\server/share/1.mxf", "file:////server/share/1.mxf"]


@pytest.mark.parametrize(
    ("windows", "url"),
    [(windows, url) for windows in (False, True) for url in ON_ANOTHER_MACHINE]
    + [(True, url) for url in ON_ANOTHER_MACHINE_ON_WINDOWS],
)
def test_a_timeline_never_makes_us_call_another_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, windows: bool, url: str
) -> None:
    touched: list[str] = []
    for look in ("is_file", "exists", "resolve", "stat"):
        monkeypatch.setattr(Path, look, lambda path, *_, **__: touched.append(str(path)))
    monkeypatch.setattr(media_module, "_WINDOWS", windows)
    for folder in (tmp_path, Path("//other/share"), Path("//server/other")):
        for archive_of in (None, folder / "edit.otioz"):
            found = Library(folder, archive_of).media(Reference("file", "a", url), "a")
            assert found.path is None
            assert "lies on another machine" in found.why_offline or "not in the archive" in found.why_offline
    assert touched == []


def test_media_on_the_share_of_the_timeline_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_module, "_WINDOWS", True)
    for url in ("\\\\SERVER\\Share\\1.mxf", "file://server/share/1.mxf", "//server/share/deep/1.mxf", "1.mxf"):
        found = Library(Path("//server/share/edits")).media(Reference("file", "a", url), "a")
        assert "is not there" in found.why_offline


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/a.mov",
        "HTTPS://example.com/a.mov",
        "rtsp://10.0.0.1/stream",
        "concat:/etc/passwd|/etc/hostname",
        "pipe:0",
        "subfile,,start,0,end,9,,:/etc/passwd",
        "data:video/mp4;base64,AAAA",
        "tcp://127.0.0.1:1",
        "",
        " ",
        "a\x00b.mov",
        "\ud800.mov",
        "/dev/zero",
        "..",
        "x" * 5000,
        "nowhere.mov",
    ],
)
def test_what_is_no_file_is_offline_with_a_sentence_and_never_opened(tmp_path: Path, url: str) -> None:
    media = media_of(tmp_path, url)
    assert media.path is None
    assert media.why_offline.endswith(".")
    assert media.why_offline.isprintable()
    with pytest.raises(UnusableInput):
        open_media(media)


def test_an_image_sequence_is_offline_and_said(tmp_path: Path) -> None:
    frames = {"OTIO_SCHEMA": "ImageSequenceReference.1", "name": "x.[1000-1100].exr", "target_url_base": "/x"}
    edit = read(saved(timeline(track(clip("a", span(1000, 10), frames))), tmp_path))
    assert "image sequence" in edit.offline[0]


def test_media_that_resolve_lost_keep_the_address_it_remembers(tmp_path: Path, picture: Path) -> None:
    lost = {"OTIO_SCHEMA": "MissingReference.1", "metadata": {"Resolve_OTIO": {"Media Url": str(picture)}}}
    edit = read(saved(timeline(track(clip("a", span(0, 10), lost))), tmp_path))
    assert edit.shots[0].media == Media(picture.name, picture.resolve())


# ---- archives ----


def bundled(
    path: Path, document: Node, members: dict[str, bytes] | None = None, compression: int = zipfile.ZIP_STORED
) -> Path:
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr("version.txt", "1.0.0")
        bundle.writestr("content.otio", json.dumps(document), zipfile.ZIP_DEFLATED)
        for name, content in (members or {}).items():
            bundle.writestr(name, content, compression)
    return path


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_media_in_an_archive_are_read_where_they_lie(tmp_path: Path, compression: int) -> None:
    rate = Fraction(25)
    movie = write_numbered(tmp_path / "numbers.mov", 50, rate).read_bytes()
    document = timeline(track(clip("a", span(900_010, 20, 25), external("media/numbers.mov"))), start=time(0, 25))
    bundle = bundled(tmp_path / "edit.otioz", document, {"media/numbers.mov": movie}, compression)
    edit = read(bundle)
    (shot,) = edit.shots
    assert shot.media == Media("numbers.mov", bundle, "media/numbers.mov")
    source = open_media(shot.media)
    assert not isinstance(source, str)
    with source:
        assert source.seekable()
        assert source.read() == movie
        source.seek(-4, io.SEEK_END)
        assert source.read(100) == movie[-4:]
        source.seek(0)
        assert Numbers(source).of(shot, rate) == list(range(10, 30))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["edit.otioz", "numbers.mov"]


def test_a_stored_member_is_bounded_by_its_window(tmp_path: Path) -> None:
    bundle = bundled(tmp_path / "edit.otioz", timeline(), {"media/a": b"0123456789", "media/b": b"secret"})
    source = open_media(Media("a", bundle, "media/a"))
    assert not isinstance(source, str)
    with source:
        source.seek(8)
        assert source.read(100) == b"89"
        source.seek(1000)
        assert source.read(1) == b""


@pytest.mark.parametrize("name", ["../outside.mov", "/etc/passwd", "media\\..\\x.mov", "C:/x.mov", "media/../../x"])
def test_members_that_point_outside_are_ignored(tmp_path: Path, name: str) -> None:
    document = timeline(track(clip("a", span(0, 10), external(name, span(0, 100)))))
    edit = read(bundled(tmp_path / "edit.otioz", document, {name: b"movie"}))
    media = edit.shots[0].media
    assert media is not None
    assert media.member is None
    assert media.path is None or media.path == Path("/etc/passwd").resolve()


def test_a_relative_address_in_an_archive_never_leaves_it(tmp_path: Path) -> None:
    (tmp_path / "beside.mov").write_bytes(b"movie")
    document = timeline(track(clip("a", span(0, 10), external("beside.mov", span(0, 100)))))
    edit = read(bundled(tmp_path / "edit.otioz", document))
    assert "not in the archive" in edit.offline[0]


def test_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_CONTENT_BYTES", 1000)
    monkeypatch.setattr(archive, "MAX_PACKED_MEDIA_BYTES", 1000)
    with pytest.raises(UnusableInput, match="larger than"):
        read(bundled(tmp_path / "edit.otioz", {**timeline(), "metadata": {"x": "0" * 2000}}))
    packed = bundled(tmp_path / "packed.otioz", timeline(), {"media/a": b"0" * 2000}, zipfile.ZIP_DEFLATED)
    with pytest.raises(UnusableInput, match="compressed"):
        open_media(Media("a", packed, "media/a"))


def test_a_member_that_declares_less_than_it_holds_gives_no_more(tmp_path: Path) -> None:
    honest = bundled(tmp_path / "edit.otioz", timeline(), {"media/a": b"0" * 100_000}, zipfile.ZIP_DEFLATED)
    raw = honest.read_bytes()
    lying = tmp_path / "lying.otioz"
    lying.write_bytes(raw.replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    try:
        source = open_media(Media("a", lying, "media/a"))
    except UnusableInput:
        return
    assert not isinstance(source, str)
    with source:
        assert len(source.read()) <= 10


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x05\x06" + b"\0" * 18, b"not a zip at all"])
def test_a_damaged_archive_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "edit.otioz").write_bytes(content)
    with pytest.raises(UnusableInput):
        read(tmp_path / "edit.otioz")


def test_an_archive_cut_short_is_refused_when_its_media_are_opened(tmp_path: Path) -> None:
    bundle = bundled(tmp_path / "edit.otioz", timeline(), {"media/a": b"0" * 1000})
    with zipfile.ZipFile(bundle) as opened:
        info = opened.getinfo("media/a")
    damaged = bytearray(bundle.read_bytes())
    damaged[info.header_offset] = 0
    bundle.write_bytes(damaged)
    with pytest.raises(UnusableInput, match="cannot be read"):
        open_media(Media("a", bundle, "media/a"))


# ---- movies ----


def test_a_file_without_moving_picture_is_refused(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "sound.mov"), "w") as sound:
        stream = sound.add_stream("pcm_s16le", rate=48_000)
        frame = av.AudioFrame(format="s16", layout="stereo", samples=480)
        frame.rate = 48_000
        sound.mux(stream.encode(frame))
    with pytest.raises(UnusableInput, match="no moving picture"):
        read(tmp_path / "sound.mov")


@pytest.mark.parametrize("name", ["text.txt", "list.m3u8", "list.ffconcat", "movie.mov"])
def test_text_and_playlists_are_no_movies(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("ffconcat version 1.0\n#EXTM3U\nfile /etc/passwd\nhttp://127.0.0.1/a.ts\n")
    with pytest.raises(UnusableInput, match="timeline or a movie"):
        read(tmp_path / name)
