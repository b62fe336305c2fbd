"""Moving pictures drawn by arithmetic: nine little scenes in three moods, for the demo's own footage.

Conventions
    A scene is made once (its textures and dice) and then draws any moment: `scene(seconds)` gives an RGB picture,
    uint8, shape [HEIGHT, WIDTH, 3]. The same moment always gives the same picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import exp, sin
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 640, 360
FloatImage = NDArray[np.float32]
Image = NDArray[np.uint8]
Scene = Callable[[float], Image]

_SUBPIXEL = 4
"""Bits after the point in coordinates handed to OpenCV, so that slow things move smoothly."""


# ---- calm ----


def dawn() -> Scene:
    """Ridges in morning haze, the camera gliding past while the sun comes up."""
    dice = np.random.default_rng(1)
    ridges = [_ridge(dice, rough) for rough in (2.0, 2.6, 3.4, 4.4, 5.0)]
    tints = np.array([[214, 170, 150], [164, 132, 142], [108, 98, 124], [62, 66, 96], [28, 34, 58]], np.float32)
    sun = _glow(150, 1.6)

    def draw(seconds: float) -> Image:
        rise = seconds / 9
        canvas = _vertical([(70, 84, 132), (196, 144, 148), (252, 206, 150), (255, 226, 178)], shift=0.12 * rise)
        _add(canvas, sun, 420 - 6 * seconds, 205 - 62 * rise, (255, 214, 150))
        _disc(canvas, 420 - 6 * seconds, 205 - 62 * rise, 26, 26, (255, 246, 222))
        for depth, (ridge, tint) in enumerate(zip(ridges, tints, strict=True)):
            walked = 6.0 * seconds * (depth + 1) ** 1.45 + np.arange(0, WIDTH + 8, 8)
            heights = 168 + 34 * depth - (58 - 4 * depth) * np.interp(walked, np.arange(len(ridge)), ridge)
            _fill_below(canvas, heights, 8, tint * (0.92 + 0.10 * rise))
        return canvas

    return draw


def sea() -> Scene:
    """A low sun over water; its road of light trembles."""
    sky = _vertical([(38, 62, 108), (112, 106, 142), (226, 150, 120), (255, 205, 140)])[: HEIGHT * 5 // 9]
    horizon = len(sky)
    sky = _with_sun(sky, 330, horizon - 34)
    rows, columns = np.mgrid[0 : HEIGHT - horizon, 0:WIDTH].astype(np.float32)
    depth = 1 / (0.06 + rows / (HEIGHT - horizon))
    shade = (0.82 - 0.42 * rows / (HEIGHT - horizon))[..., None]
    mirror_y = np.clip(horizon - 1 - rows * 1.05, 0, horizon - 1)

    def draw(seconds: float) -> Image:
        swell = np.sin(depth * 7.0 - seconds * 1.7 + 0.015 * columns)
        wave = swell + 0.6 * np.sin(depth * 17.0 + seconds * 2.6 - 0.04 * columns)
        drift = 6 * seconds
        x = columns + wave * (3 + 0.10 * rows) + drift
        water = cv2.remap(sky, x, mirror_y + wave * 5, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        glint = np.clip(wave - 1.05, 0, 1)[..., None] * np.exp(-(((columns - 330 + drift) / 120) ** 2))[..., None] * 150
        water = np.clip(water * shade + glint, 0, 255).astype(np.uint8)
        pan = np.array([[1, 0, -drift], [0, 1, 0]], np.float32)
        moved = cv2.warpAffine(sky, pan, (WIDTH, horizon), borderMode=cv2.BORDER_REFLECT)
        return np.vstack([moved, water])

    return draw


def lanterns() -> Scene:
    """Paper lanterns rising slowly into a teal night."""
    dice = np.random.default_rng(3)
    far = dice.uniform(0.35, 1.0, 46)
    start_x, start_y, sway = dice.uniform(0, WIDTH, 46), dice.uniform(0, HEIGHT + 140, 46), dice.uniform(0, 6.3, 46)
    glows = {size: _glow(size, 2.4) for size in (18, 30, 46, 66)}
    ground = _vertical([(6, 18, 34), (10, 40, 58), (24, 78, 88)])

    def draw(seconds: float) -> Image:
        canvas = ground.copy()
        for near, x, y, phase in zip(far, start_x, start_y, sway, strict=True):
            size = min(glows, key=lambda one: abs(one - 70 * near))
            at_x = x + 12 * near * np.sin(0.7 * seconds + phase) + 5 * seconds * near
            at_y = (y - 26 * seconds * near) % (HEIGHT + 140) - 70
            flicker = 0.85 + 0.15 * np.sin(5 * seconds + 3 * phase)
            _add(canvas, glows[size], at_x, at_y, (255 * flicker, 168 * flicker, 84 * flicker))
            _disc(canvas, at_x, at_y, 9 * near, 12 * near, (255, 222, 160))
        return canvas

    return draw


# ---- tense ----


def tunnel() -> Scene:
    """A neon tunnel that rushes, twists, and changes its mind."""
    y, x = np.mgrid[0:HEIGHT:2, 0:WIDTH:2].astype(np.float32)
    x, y = x - WIDTH / 2, y - HEIGHT / 2
    radius = np.sqrt(x * x + 1.25 * y * y) + 1
    turn, depth = np.arctan2(y, x) / (2 * np.pi), 46 / radius
    fog = (np.clip(radius / 210, 0, 1) ** 1.2)[..., None]
    walls = _neon_walls()

    def draw(seconds: float) -> Image:
        twist = 0.18 * sin(2.4 * seconds) + (0.35 if seconds % 2.5 > 1.25 else 0.0)
        along = (depth * 1.2 + 2.3 * seconds) % 1
        around = (turn + twist + 0.16 * depth) % 1
        lit = cv2.remap(walls, around * 511, along * 511, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        lit = lit * fog
        return _bloom(lit)

    return draw


def grid() -> Scene:
    """A red floor of light under a black sky, driven over far too fast."""
    horizon = 150
    dice = np.random.default_rng(5)
    towers = np.cumsum(dice.integers(14, 44, 40)), dice.integers(12, 96, 40)

    def draw(seconds: float) -> Image:
        canvas = np.zeros((HEIGHT // 2, WIDTH // 2, 3), np.uint8)
        swerve = 46 * np.sin(1.9 * seconds) + (60 if 1.6 < seconds % 2.4 < 1.85 else 0)
        kick = 5 * np.sin(41 * seconds) * np.exp(-6 * (seconds % 1.2))
        level = int(horizon // 2 + kick)
        cv2.rectangle(canvas, (0, level - 2), (WIDTH // 2, level), (255, 70, 40), -1)
        for column in range(-14, 15):
            foot = _at(160 + column * 56 - swerve * 3, HEIGHT // 2)
            _stroke(canvas, _at(160 - swerve * 0.2, level), foot, (190, 26, 34))
        for row in range(14):
            near = (row + 1 - (5.5 * seconds) % 1) / 14
            y = level + (HEIGHT // 2 - level) * near**2.6
            _stroke(canvas, _at(0, y), _at(WIDTH // 2, y), (60 + 195 * near, 20 + 50 * near, 36))
        for left, tall in zip(*towers, strict=True):
            x = int((left - swerve * 1.2 - 420) / 2 + 100)
            cv2.rectangle(canvas, (x, level - int(tall) // 2), (x + 9, level - 2), (26, 8, 20), -1)
            cv2.rectangle(canvas, (x, level - int(tall) // 2), (x + 9, level - 2), (120, 22, 44), 1)
        return _bloom(canvas.astype(np.float32))

    return draw


def storm() -> Scene:
    """Rain in a hard wind, and lightning."""
    dice = np.random.default_rng(6)
    drops = dice.uniform(0, 1, (170, 3))
    puffs = cv2.GaussianBlur(dice.uniform(0, 1, (60, 220)).astype(np.float32), (0, 0), 3)
    clouds = cv2.resize(puffs, (WIDTH * 3, HEIGHT), interpolation=cv2.INTER_CUBIC)
    clouds = np.clip((clouds - clouds.min()) / np.ptp(clouds), 0, 1)
    bolts = [_bolt(dice) for _ in range(3)]
    fall = np.linspace(1.0, 0.25, HEIGHT, dtype=np.float32)[:, None]

    def draw(seconds: float) -> Image:
        shift = int(150 * seconds) % (WIDTH * 2)
        strike = (seconds + 0.55) % 1.3
        flash = exp(-9 * strike) + 0.5 * exp(-20 * abs(strike - 0.16))
        light = clouds[:, shift : shift + WIDTH] * fall * (0.46 + 1.0 * flash) + 0.05
        canvas: Image = np.clip(light[..., None] * np.array([120, 142, 176], np.float32), 0, 255).astype(np.uint8)
        if strike < 0.2:
            bolt = bolts[int((seconds + 0.55) / 1.3) % 3]
            cv2.polylines(canvas, [bolt], False, (250, 250, 255), 3, cv2.LINE_AA)
        for x, y, near in drops:
            speed = 500 + 700 * near
            at_x = (x * 900 + 0.45 * speed * seconds) % 900 - 130
            at_y = (y * 520 + speed * seconds) % 520 - 80
            tone = 70 + 110 * near + 60 * flash
            end = _at(at_x + 16 * near + 5, at_y + 36 * near + 11)
            _stroke(canvas, _at(at_x, at_y), end, (tone * 0.8, tone * 0.92, tone))
        return canvas

    return draw


# ---- joyful ----

_CANDY = ((255, 107, 107), (255, 196, 61), (72, 202, 178), (92, 142, 255), (247, 127, 190), (255, 255, 255))


def bounce() -> Scene:
    """Rubber balls hopping across a sunny floor, squashed when they land."""
    dice = np.random.default_rng(7)
    balls = [(80 + 96 * i, 26 + 15 * dice.uniform(), 0.92 + 0.10 * i, dice.uniform(), _CANDY[i]) for i in range(6)]
    ground = _vertical([(255, 236, 179), (255, 214, 140)])
    ground[250:] = _vertical([(255, 178, 112), (250, 150, 100)])[: HEIGHT - 250]

    def draw(seconds: float) -> Image:
        canvas = ground.copy()
        for left, size, tempo, phase, tint in balls:
            swing = (seconds * tempo * 1.15 + phase) % 1
            height = 4 * swing * (1 - swing)
            squash = 1 - 0.38 * exp(-70 * min(swing, 1 - swing) ** 1.2)
            x = (left + 44 * seconds - 40) % (WIDTH + 120) - 60
            y = 286 - size * squash - 190 * height
            shade = 1 - 0.55 * height
            _disc(canvas, x, 290, size * shade, 6 * shade, (214, 122, 84))
            _disc(canvas, x, y, size / squash**0.5, size * squash, tint)
            shine = tuple(value + (255 - value) * 0.6 for value in tint)
            _disc(canvas, x - size * 0.34, y - size * 0.36 * squash, size * 0.26, size * 0.2, shine, -30)
        return canvas

    return draw


def confetti() -> Scene:
    """Paper in the air; half way a second salvo goes off."""
    dice = np.random.default_rng(8)
    spots = dice.uniform(0, 1, (150, 6))
    ground = _vertical([(104, 196, 255), (170, 226, 255), (255, 244, 214)])

    def falling(seconds: float, x: float, y: float, size: float, sway: float) -> tuple[float, float]:
        return 700 * x - 30 + 22 * sin(2 * seconds + 6 * sway), (460 * y + (60 + 70 * size) * seconds) % 460 - 50

    def fired(since: float, x: float, y: float) -> tuple[float, float]:
        push = 1 - exp(-2.6 * since)
        return 320 + 728 * (x - 0.5) * push, 372 - (260 + 190 * y) * push + 62 * since**2

    def draw(seconds: float) -> Image:
        canvas = ground.copy()
        for index, (x, y, size, spin, sway, late) in enumerate(spots):
            since = (seconds - 2.0) % 3.4 - 0.05 * late
            if index % 2 == 0 and since < 0:
                continue
            place = falling(seconds, x, y, size, sway) if index % 2 else fired(since, x, y)
            turn = 2 * np.pi * spin + (4 + 5 * sway) * seconds
            flat = abs(np.cos(turn * 1.3)) * 0.85 + 0.15
            box = cv2.boxPoints((place, (9 + 9 * size, (7 + 7 * size) * flat), float(np.degrees(turn))))
            cv2.fillConvexPoly(canvas, np.int32(box * 16), _CANDY[index % 6], cv2.LINE_AA, _SUBPIXEL)
        return canvas

    return draw


def sunburst() -> Scene:
    """Rays wheel around a smiling circle, rings run outwards."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    x, y = x - WIDTH / 2, y - HEIGHT / 2
    radius, angle = np.sqrt(x * x + y * y) + 1, np.arctan2(y, x)
    sharp = radius / 26
    warm, light = np.array([255, 148, 66], np.float32), np.array([255, 206, 92], np.float32)

    def draw(seconds: float) -> Image:
        spin = 0.8 * seconds + 0.25 * np.sin(3 * seconds)
        rays = np.clip(np.sin(14 * (angle + spin)) * sharp + 0.5, 0, 1)[..., None]
        canvas: Image = np.clip(warm + (light - warm) * rays, 0, 255).astype(np.uint8)
        for index in range(4):
            reach = (index / 4 + 0.42 * seconds) % 1
            tint = _CANDY[(index + 2) % 4]
            around, stroke = int((64 + 360 * reach) * 16), int(15 * (1 - reach)) + 2
            cv2.circle(canvas, _at(320, 180), around, tint, stroke, cv2.LINE_AA, _SUBPIXEL)
        pulse = 62 + 9 * abs(sin(np.pi * 2.1 * seconds))
        _disc(canvas, 320, 180, pulse, pulse, (255, 250, 235))
        return canvas

    return draw


SCENES: Mapping[str, Callable[[], Scene]] = MappingProxyType(
    {make.__name__: make for make in (dawn, sea, lanterns, tunnel, grid, storm, bounce, confetti, sunburst)}
)


# ---- what scenes are painted with ----


def _at(x: float, y: float) -> tuple[int, int]:
    """A point as OpenCV takes it, with bits after the point."""
    return round(x * (1 << _SUBPIXEL)), round(y * (1 << _SUBPIXEL))


def _disc(
    canvas: Image, x: float, y: float, wide: float, high: float, tint: Sequence[float], turn: float = 0.0
) -> None:
    """Fill an ellipse with the half axes `wide` and `high`, turned by degrees."""
    axes = (int(wide * (1 << _SUBPIXEL)), int(high * (1 << _SUBPIXEL)))
    cv2.ellipse(canvas, _at(x, y), axes, turn, 0, 360, tuple(tint), -1, cv2.LINE_AA, _SUBPIXEL)


def _stroke(canvas: Image, start: tuple[int, int], end: tuple[int, int], tint: Sequence[float]) -> None:
    """Draw a thin line between two points made by `_at`."""
    cv2.line(canvas, start, end, tuple(tint), 1, cv2.LINE_AA, _SUBPIXEL)


def _vertical(colours: list[tuple[int, int, int]], shift: float = 0.0) -> Image:
    """A gradient from top to bottom, lighter where `shift` lets it rise."""
    places = np.linspace(0, 1, len(colours)) - shift
    rows = np.linspace(0, 1, HEIGHT)
    column = np.stack([np.interp(rows, places, [colour[k] for colour in colours]) for k in range(3)], axis=1)
    # Eight by eight ordered noise keeps wide gradients from banding.
    noise = (np.arange(WIDTH)[None, :] * 5 + np.arange(HEIGHT)[:, None] * 3) % 8 / 8
    return (column[:, None, :] + noise[..., None]).astype(np.uint8)


def _glow(size: int, sharpness: float) -> FloatImage:
    """A soft round light of `size` pixels radius, 1 in its middle."""
    y, x = np.mgrid[-size : size + 1, -size : size + 1].astype(np.float32) / size
    return np.asarray(np.clip(1 - np.sqrt(x * x + y * y), 0, 1) ** sharpness, np.float32)


def _add(canvas: Image, light: FloatImage, x: float, y: float, tint: tuple[float, float, float]) -> None:
    """Add a light to a picture; what lies outside is left out."""
    size = len(light) // 2
    left, top = round(x) - size, round(y) - size
    x0, y0, x1, y1 = max(0, left), max(0, top), min(WIDTH, left + len(light)), min(HEIGHT, top + len(light))
    if x0 >= x1 or y0 >= y1:
        return
    part = light[y0 - top : y1 - top, x0 - left : x1 - left, None] * np.array(tint, np.float32)
    canvas[y0:y1, x0:x1] = cv2.add(canvas[y0:y1, x0:x1], part.astype(np.uint8))


def _ridge(dice: np.random.Generator, rough: float) -> NDArray[np.float64]:
    """The outline of a mountain chain, 0 to 1, one value for each pixel of a long walk."""
    x = np.arange(6000) / 900
    octaves = (1, 2.3, 4.9, 10.7, 23.0)
    outline = sum(np.sin(rough * octave * x * 2 + dice.uniform(0, 6.3)) / octave**1.1 for octave in octaves)
    return np.asarray((outline - np.min(outline)) / np.ptp(outline))


def _fill_below(canvas: Image, heights: NDArray[np.float64], step: int, tint: NDArray[np.float32]) -> None:
    """Fill everything under an outline that has a point every `step` pixels."""
    points = np.column_stack([np.arange(len(heights)) * step, heights])
    outline = np.vstack([points, [[WIDTH + step, HEIGHT + 8], [0, HEIGHT + 8]]])
    cv2.fillPoly(canvas, [np.int32(outline * 16)], [float(value) for value in tint], cv2.LINE_AA, _SUBPIXEL)


def _with_sun(sky: Image, x: float, y: float) -> Image:
    canvas = np.vstack([sky, np.zeros((HEIGHT - len(sky), WIDTH, 3), np.uint8)])
    _add(canvas, _glow(170, 1.8), x, y, (255, 190, 120))
    _disc(canvas, x, y, 30, 30, (255, 240, 205))
    return canvas[: len(sky)]


def _neon_walls() -> FloatImage:
    """A tile of tunnel wall: bars of light in violet, cyan and red."""
    walls = np.zeros((512, 512, 3), np.float32)
    for column in range(0, 512, 64):
        tint = ((210, 40, 255), (30, 190, 255), (255, 36, 90))[(column // 64) % 3]
        cv2.rectangle(walls, (column + 6, 40), (column + 14, 470), tint, -1)
        cv2.rectangle(walls, (column, 0), (column + 64, 14), (46, 30, 120), -1)
        cv2.rectangle(walls, (column + 24, 210), (column + 54, 300), tuple(0.35 * value for value in tint), -1)
    return np.asarray(cv2.GaussianBlur(walls, (0, 0), 2.2), np.float32)


def _bolt(dice: np.random.Generator) -> NDArray[np.int32]:
    """A lightning bolt from the clouds to the ground."""
    steps = np.arange(12)
    x = dice.uniform(140, 500) + np.cumsum(dice.uniform(-34, 34, 12))
    return np.column_stack([x, steps * 26]).astype(np.int32)


def _bloom(lit: FloatImage) -> Image:
    """A half-size picture of lights, made whole, with a glow around them."""
    small = cv2.GaussianBlur(cv2.resize(lit, (WIDTH // 8, HEIGHT // 8), interpolation=cv2.INTER_AREA), (0, 0), 2.5)
    glow = cv2.resize(small, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_LINEAR)
    shining = np.clip(lit * 1.05 + glow * 1.25, 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(shining, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8)
