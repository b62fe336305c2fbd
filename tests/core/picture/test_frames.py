"""The frame that is decoded is the frame that the edit shows, whatever the file and however it is retimed."""

from __future__ import annotations

import gc
import zipfile
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

import av
import pytest

from core.brief import Media, Shot
from core.errors import Cancelled, UnusableInput
from core.picture.frames import Film
from core.picture.retime import frame_after, moment_at
from tests.core.picture.movies import movie, number_in, numbered, shot

FRAMES = 200
FILES: dict[str, dict[str, Any]] = {
    "h264 with B-frames.mp4": {"options": {"g": "48", "bf": "3", "preset": "medium"}},
    "h264 without B-frames.mp4": {"options": {"g": "60", "bf": "0"}},
    "h264 open GOP.mkv": {"options": {"g": "24", "bf": "3", "x264-params": "open-gop=1:scenecut=0"}},
    "h264 open GOP.mp4": {"options": {"g": "24", "bf": "3", "x264-params": "open-gop=1:scenecut=0:bframes=3"}},
    "h264 all key frames.mov": {"options": {"g": "1"}},
    "h264.ts": {"options": {"g": "30", "bf": "2"}},
    "hevc with B-frames.mp4": {"codec": "libx265", "options": {"x265-params": "keyint=30:log-level=none"}},
    "mpeg2 with B-frames.mxf": {"codec": "mpeg2video", "options": {"g": "15", "bf": "2", "b": "4M"}},
    "mpeg2 with B-frames.mov": {"codec": "mpeg2video", "options": {"g": "15", "bf": "2", "b": "4M"}},
    "mjpeg.avi": {"codec": "mjpeg"},
    "prores.mov": {"codec": "prores_ks"},
    "from ten o'clock.mov": {"timecode": "10:00:00:00", "options": {"g": "50", "bf": "2"}},
    "at 23.976.mp4": {"rate": Fraction(24000, 1001), "options": {"g": "24", "bf": "2"}},
}
RETIMES = {
    "plain": (Fraction(1), Fraction(1)),
    "2x": (Fraction(1), Fraction(2)),
    "half speed": (Fraction(2), Fraction(1, 2)),
    "five times": (Fraction(0), Fraction(5)),
    "reversed": (Fraction(5), Fraction(-1)),
    "reversed 2x": (Fraction(6), Fraction(-2)),
    "frozen": (Fraction(71, 20), Fraction(0)),
}


@pytest.fixture(scope="module", params=FILES)
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Fraction]:
    path = tmp_path_factory.mktemp("media") / str(request.param)
    settings = FILES[request.param]
    movie(path, map(numbered, range(FRAMES)), **settings)
    return path, Fraction(settings.get("rate", 30))


def shown(film: Film, of: Shot, rate: Fraction, every_nth: int = 1) -> dict[int, int]:
    """The number read from the picture at every n-th record frame of a shot."""
    frames = list(range(of.first_frame, of.first_frame + of.frames, every_nth))
    frames = frames[::-1] if of.speed < 0 else frames
    numbers: dict[int, int] = {}
    for seen in film.frames([moment_at(of, frame, rate) for frame in frames]):
        numbers |= {frames[place]: number_in(seen.frame) for place in seen.wanted}
    return numbers


@pytest.mark.parametrize("retime", RETIMES)
@pytest.mark.parametrize("every_nth", [1, 3])
def test_the_frame_decoded_is_the_frame_the_edit_shows(
    file: tuple[Path, Fraction], retime: str, every_nth: int
) -> None:
    path, source_rate = file
    rate = Fraction(24)
    start, speed = RETIMES[retime]
    of = shot(path, 10, 28, start, speed)
    film = Film(Media(path.name, path))
    numbers = shown(film, of, rate, every_nth)
    film.close()
    assert numbers == {
        frame: floor((start + (frame - 10) / rate * speed) * source_rate) for frame in range(10, 38, every_nth)
    }


def test_shots_read_in_any_order_show_the_same_frames(file: tuple[Path, Fraction]) -> None:
    path, source_rate = file
    film = Film(Media(path.name, path))
    for start in (Fraction(5), Fraction(1, 2), Fraction(1, 2), Fraction(0), Fraction(61, 10), Fraction(1), Fraction(2)):
        moments = [start + Fraction(k, 10) for k in range(5)]
        numbers = {place: number_in(seen.frame) for seen in film.frames(moments) for place in seen.wanted}
        assert numbers == {place: floor(moment * source_rate) for place, moment in enumerate(moments)}
    film.close()


def test_every_frame_between_two_moments_comes_once_and_in_order(file: tuple[Path, Fraction]) -> None:
    path, source_rate = file
    film = Film(Media(path.name, path))
    numbers = [number_in(seen.frame) for seen in film.frames([Fraction(2), Fraction(4)], every=True)]
    film.close()
    assert numbers == list(range(floor(2 * source_rate), floor(4 * source_rate) + 1))


def test_a_film_of_uneven_frames_shows_the_last_one_that_has_begun(tmp_path: Path) -> None:
    def place(number: int) -> int:
        return number * 10 + (number % 3) * 4

    path = movie(tmp_path / "uneven.mp4", map(numbered, range(90)), pts=place, options={"g": "30", "bf": "2"})
    film = Film(Media(path.name, path))
    moments = [Fraction(k, 24) for k in range(60)]
    numbers = {moments[i]: number_in(seen.frame) for seen in film.frames(moments) for i in seen.wanted}
    film.close()
    begins = [Fraction(place(number), 300) for number in range(90)]
    assert numbers == {m: max(n for n, begin in enumerate(begins) if begin <= m) for m in moments}


def test_a_later_shot_is_reached_by_seeking_not_by_reading(tmp_path: Path) -> None:
    path = movie(tmp_path / "long.mp4", (numbered(k % 1000) for k in range(3000)), options={"g": "30", "bf": "2"})
    packets = 0

    def count() -> None:
        nonlocal packets
        packets += 1

    film = Film(Media(path.name, path), check=count)
    for start in (20, 60, 95):
        assert [number_in(seen.frame) for seen in film.frames([Fraction(start)])] == [start * 30 % 1000]
    film.close()
    assert packets < 400


@pytest.mark.parametrize(
    ("name", "codec", "options", "most"),
    [("intra.mov", "mjpeg", {}, 50), ("b.mp4", "libx264", {"g": "60", "bf": "3", "x264-params": "b-adapt=0"}, 90)],
)
def test_pictures_that_nobody_wants_are_not_decoded_where_nothing_depends_on_them(
    tmp_path: Path, name: str, codec: str, options: dict[str, str], most: int
) -> None:
    path = movie(tmp_path / name, map(numbered, range(150)), codec=codec, options=options)
    film = Film(Media(name, path))
    decoded = [number_in(seen.frame) for seen in film.frames([Fraction(k, 10) for k in range(40)])]
    film.close()
    assert set(range(0, 118, 3)) <= set(decoded)
    assert len(decoded) < most


def test_frames_do_not_pile_up_while_a_long_stretch_is_read(tmp_path: Path) -> None:
    path = movie(tmp_path / "long.mp4", map(numbered, range(600)), options={"preset": "ultrafast"})
    film = Film(Media(path.name, path))
    living = [
        sum(type(thing) is av.VideoFrame for thing in gc.get_objects())
        for number, _ in enumerate(film.frames([Fraction(0), Fraction(19)], every=True))
        if number % 100 == 50
    ]
    film.close()
    assert len(living) == 6
    assert min(living) >= 1
    assert max(living) - min(living) <= 2


def test_a_moment_past_the_end_has_no_frame_and_the_end_is_known(tmp_path: Path) -> None:
    path = movie(tmp_path / "short.mp4", map(numbered, range(30)))
    film = Film(Media(path.name, path))
    answered = [place for seen in film.frames([Fraction(k, 4) for k in range(12)]) for place in seen.wanted]
    assert answered == [0, 1, 2, 3, 4]  # a frame or two beyond the end is rounding, not a hole
    assert film.ends == 1
    film.close()


def test_a_still_picture_is_shown_at_any_moment(tmp_path: Path) -> None:
    path = _still(tmp_path / "still.png")
    film = Film(Media(path.name, path))
    seen = [
        (number_in(seen.frame), list(seen.wanted)) for seen in film.frames([Fraction(0), Fraction(5), Fraction(90)])
    ]
    film.close()
    assert seen == [(77, [0, 1, 2])]


def _still(path: Path) -> Path:
    encoder: Any = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 160, 96, "rgb24", Fraction(1, 25)
    path.write_bytes(b"".join(bytes(packet) for packet in encoder.encode(av.VideoFrame.from_ndarray(numbered(77)))))
    return path


def test_a_movie_inside_an_archive_is_read_in_place(tmp_path: Path) -> None:
    path = movie(tmp_path / "a.mp4", map(numbered, range(60)))
    with zipfile.ZipFile(tmp_path / "a.otioz", "w", zipfile.ZIP_STORED) as archive:
        archive.write(path, "media/a.mp4")
    archive = zipfile.ZipFile(tmp_path / "a.otioz")
    film = Film(Media("a", tmp_path / "a.otioz", "media/a.mp4"), lambda media: archive.open(str(media.member)))
    numbers = [number_in(seen.frame) for seen in film.frames([Fraction(1), Fraction(3, 2)]) if seen.wanted]
    film.close()
    archive.close()
    assert numbers == [30, 45]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.mp4", b""),
        ("words.txt", b"Once upon a time.\n" * 500),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:10,\nhttp://example.invalid/a.ts\n"),
        ("concat.ffconcat", b"ffconcat version 1.0\nfile 'a.mp4'\n"),
        ("noise.mp4", bytes(range(256)) * 100),
    ],
)
def test_a_file_that_is_no_movie_is_refused_in_one_sentence(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnusableInput) as refused:
        Film(Media(name, path))
    assert name in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["http:/example.invalid/a.mp4", "pipe:0", "concat:a.mp4|b.mp4", "data:a", "%03d.png"])
def test_a_name_that_looks_like_a_protocol_is_only_ever_a_file(name: str) -> None:
    with pytest.raises(UnusableInput, match="is not there"):
        Film(Media("a", Path(name)))


def test_a_movie_whose_name_looks_like_a_protocol_opens(tmp_path: Path) -> None:
    path = movie(tmp_path / "plain.mp4", [numbered(k) for k in range(10)]).rename(tmp_path / "data:concat|%d.mp4")
    film = Film(Media("odd", path))
    assert [number_in(seen.frame) for seen in film.frames([Fraction(1, 10)])] == [3]
    film.close()


def test_reading_stops_when_asked_to(tmp_path: Path) -> None:
    path = movie(tmp_path / "a.mp4", map(numbered, range(100)))
    left = 30

    def check() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Cancelled()

    film = Film(Media(path.name, path), check=check)
    with pytest.raises(Cancelled):
        list(film.frames([Fraction(0), Fraction(3)], every=True))
    film.close()


@pytest.mark.parametrize("speed", [Fraction(1), Fraction(3, 2), Fraction(-1), Fraction(-7, 3)])
def test_the_record_frame_after_a_moment_is_the_first_that_shows_its_far_side(speed: Fraction) -> None:
    rate = Fraction(24000, 1001)
    of = shot(Path("a.mp4"), 5, 100, Fraction(20), speed)
    for moment in (Fraction(20) + k * Fraction(1, 30) * (1 if speed > 0 else -1) for k in range(1, 60)):
        frame = frame_after(of, moment, rate)
        assert frame is not None
        shown, before = (moment_at(of, f, rate) for f in (frame, frame - 1))
        assert before < moment <= shown if speed > 0 else shown < moment <= before
