"""cue.html: the picture of a cue, to look at and to listen to, in one file that needs no network.

What travels in the page
    One JSON block with everything that is drawn, one block of base64 for each sound (Opus in WebM, see
    `core.cue.page_sounds`), and tables as plain HTML, so that they can be read without a script. The parts in `web/`
    are joined into one style and one script; the page's own policy (CSP) lets only those two run, whatever names a
    timeline brings along.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.brief import Brief, Edit, Picture, Rendering, Shot, TempoMap, Thumbnail
from core.cue.page_sounds import Carried, carried, layer_rows, sound_elements
from core.cue.page_takes import TakeShown, played, take_parts, take_row
from core.cue.page_words import facts, hit_rows, hit_table, span, tiles
from core.errors import UnusableInput
from core.watch import Watch

EMBEDDED_S = 360.0
"""Longer cues link their mix instead of carrying their stems: decoded, five stems of 6 min fill 700 MB of a browser."""

_SCRIPTS = (
    "timecode.js",
    "view.js",
    "lanes.js",
    "music.js",
    "layers.js",
    "player.js",
    "takes.js",
    "desk.js",
    "keys.js",
    "selftest.js",
)


def page(
    brief: Brief,
    rendering: Rendering,
    overviews: Mapping[str, NDArray[Any]],
    audio_files: Mapping[str, Path],
    errors_ms: Sequence[float | None],
    loudness: float,
    true_peak: float,
    title: str,
    *,
    engine: str,
    folder: Path,
    watch: Watch,
    takes: Sequence[TakeShown] = (),
    earlier: Mapping[str, str] = {},
) -> str:
    """The page of one cue; the same cue gives the same page.

    Args:
        brief: what was asked for.
        rendering: what the engine gave back (chords and how hits were met).
        overviews: stem → lowest and highest sample of each bucket, full scale 1, shape [buckets, 2].
        audio_files: stem → file, and "mix" → file.
        errors_ms: for each hit of the plan, how far off it was heard; None where it was not met or not heard.
        loudness, true_peak: of the mix, LUFS (integrated) and dBTP.
        title, engine: names of the cue and of the engine that wrote the music.
        folder: where the page will lie; the mix is linked from there.
        watch: asked whether to go on while stems are encoded.
        takes: all takes of the cue, in order of their numbers; the one in use is what the other arguments tell of.
        earlier: sound that need not be encoded again, as `sounds_in` gives it.
    """
    rows = hit_rows(brief, rendering, errors_ms)
    embedded = brief.seconds <= EMBEDDED_S
    takes = takes or (TakeShown(1, "", brief.seed, audio_files, {}, in_use=True, engine=engine),)
    heard = played(takes)
    sound = carried(heard, brief.sample_rate, earlier, watch) if embedded else Carried(heard, (), {})
    data = {
        **_range(brief.edit),
        **_picture(brief.edit, brief.picture),
        **_music(brief, rendering),
        "hits": rows,
        **_waves(overviews, [name for name in audio_files if name != "mix"]),
        "embedded": embedded,
        **_played(brief, sound, folder),
    }
    return _fill(
        _part("page.html"),
        {
            **_own(),
            "title": html.escape(title),
            "span": html.escape(span(brief.edit)),
            "tiles": tiles(brief, loudness),
            **take_parts(brief, takes, sound.takes),
            "hits": hit_table(rows, 500 / float(brief.edit.range.rate)),
            "facts": facts(brief, engine, loudness, true_peak),
            "data": _json(data),
            "sounds": sound_elements(sound.sounds),
        },
    )


def thumbnails_in(text: str) -> tuple[Thumbnail, ...]:
    """The thumbnails that a page carries: they are kept nowhere else.

    Raises:
        UnusableInput: the text is not a page of ours.
    """
    try:
        data = json.loads(text.split('id="cue">', 1)[1].split("</script>", 1)[0])
        return tuple(Thumbnail(float(one["time"]), base64.b64decode(one["jpeg"])) for one in data["thumbnails"])
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise UnusableInput("This is not the page of a cue", "cue.html", "Its thumbnails are lost.") from error


def _part(name: str) -> str:
    return (resources.files("core.cue") / "web" / name).read_text(encoding="utf-8").strip()


def _fill(template: str, parts: Mapping[str, str]) -> str:
    """Put each part in its place; what is put in is not looked at again."""
    return re.sub(r"<!--(\w+)-->", lambda found: parts[found[1]], template)


def _own() -> dict[str, str]:
    """The page's style and script, and the policy that lets them run."""
    style, script = _part("page.css"), "\n".join(_part(name) for name in _SCRIPTS)
    return {"style": style, "script": script, "policy": _policy(style, script)}


def _policy(style: str, script: str) -> str:
    """Only our own style and script, pictures inside the page, sound beside it, and no network."""
    hashes = {name: _hash(text) for name, text in (("style", style), ("script", script))}
    return (
        f"default-src 'none'; script-src '{hashes['script']}'; style-src '{hashes['style']}'; "
        "img-src data:; media-src 'self' file: data: blob:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _json(data: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _played(brief: Brief, sound: Carried, folder: Path) -> dict[str, Any]:
    """What the player plays: layers of sound, and the takes that are made of them."""
    takes = [
        {
            **take_row(brief, take),
            "layers": sound.of(take) if sound.layers else [],
            "mix": _link(take.files["mix"], folder) if "mix" in take.files else "",
        }
        for take in sound.takes
    ]
    return {"layers": layer_rows(sound.layers), "takes": takes}


def _link(file: Path, folder: Path) -> str:
    """The file as a URL relative to the page's folder."""
    from urllib.parse import quote

    return quote(Path(os.path.relpath(file, folder)).as_posix())


def _range(edit: Edit) -> dict[str, Any]:
    scored = edit.range
    return {
        "rate": [scored.rate.numerator, scored.rate.denominator],
        "first": round(scored.start.value),
        "frames": scored.frames,
        "drop": scored.drop_frame,
        "seconds": scored.seconds,
    }


def _picture(edit: Edit, picture: Picture) -> dict[str, Any]:
    """Shots with their thumbnails, and the picture's mean colour over time: red, green, blue, seen (0 or 1)."""
    seen: NDArray[np.bool_] = np.all(np.isfinite(picture.colour), axis=1)
    colour = np.where(seen[:, None], np.nan_to_num(picture.colour), 0.0)
    strip = np.column_stack([np.round(np.clip(colour, 0, 1) * 255), seen]).astype(np.uint8)
    return {
        "shots": _shots(edit, picture.thumbnails),
        "thumbnails": [{"time": one.time, "jpeg": _base64(one.jpeg)} for one in picture.thumbnails],
        "colour": {"rate": picture.rate, "strip": _base64(strip.tobytes())},
    }


def _shots(edit: Edit, thumbnails: Sequence[Thumbnail]) -> list[dict[str, Any]]:
    times = np.array([thumbnail.time for thumbnail in thumbnails])
    rows = []
    for shot in edit.shots:
        start = edit.range.seconds_at(shot.first_frame)
        end = edit.range.seconds_at(shot.first_frame + shot.frames)
        inside = np.flatnonzero((times >= start - 1e-6) & (times < end - 1e-6))
        rows.append(
            {
                "start": start,
                "end": end,
                "name": shot.name,
                "state": _state(shot),
                "thumbnail": int(inside[0]) if len(inside) else -1,
            }
        )
    return rows


def _state(shot: Shot) -> str:
    if shot.kind == "footage" and (shot.media is None or shot.media.path is None):
        return "offline"
    return shot.kind


def _music(brief: Brief, rendering: Rendering) -> dict[str, Any]:
    tempo_map = brief.plan.tempo_map
    return {
        "beats": [round(float(beat), 5) for beat in tempo_map.beats],
        "downbeats": list(tempo_map.downbeats),
        "tempo": [round(float(tempo), 3) for tempo in tempo_map.local_tempo()],
        "bpm": brief.plan.bpm,
        "meter": str(tempo_map.meter),
        "sections": [
            {"start": section.start, "end": section.start + section.duration, "name": section.name}
            for section in brief.plan.sections
        ],
        "bars": _bars(tempo_map, brief),
        "chords": [
            {"start": chord.start, "end": chord.start + chord.duration, "name": chord.name}
            for chord in rendering.chords
        ],
    }


def _bars(tempo_map: TempoMap, brief: Brief) -> list[int]:
    """Bars in each section."""
    downbeats = np.array(tempo_map.downbeats)
    return [
        int(np.count_nonzero((downbeats >= section.first_beat) & (downbeats < section.first_beat + section.beats)))
        for section in brief.plan.sections
    ]


def _waves(overviews: Mapping[str, NDArray[Any]], names: Sequence[str]) -> dict[str, Any]:
    """Each stem's overview as signed bytes; one scale for all, so that loud looks loud."""
    loudest = max((float(np.max(np.abs(overviews[name]), initial=0.0)) for name in names), default=0.0) or 1.0

    def wave(name: str) -> str:
        return _base64(np.round(np.clip(overviews[name] / loudest, -1, 1) * 127).astype(np.int8).tobytes())

    return {"loudest": loudest, "stems": [{"name": name, "wave": wave(name)} for name in names]}
