"""Uplift: piano, plucks and strings in major, four chords that open up."""

from __future__ import annotations

from core.engines.composer.palette import Bass, Layer, Palette, Tune

UPLIFT = Palette(
    modes={"ionian": 0.75, "mixolydian": 0.15, "lydian": 0.1},
    major=((4, "1 5 6 4"), (3, "4 1 5 6"), (2, "6 4 1 5"), (2, "1 4 6 5"), (1, "1 3 4 5")),
    minor=((2, "1 3 7 4"), (2, "6 3 7 1"), (2, "1 7 6 4")),
    colours={"triad": 0.45, "add9": 0.4, "open": 0.15},
    mixture=0.2,
    inversions=0.6,
    suspends=True,
    calm=0.12,
    full=0.95,
    bass=Bass(
        ("bass_electric",),
        31,
        46,
        88,
        (
            (0.0, ("0 - - - - - - -",)),
            (0.32, ("0 - - 0 1 - 0 -", "0 - - 0 0 - - a")),
            (0.6, ("0 0 0 0 0 0 0 a", "0 0 0 0 0 0 1 a", "0 - 0 0 0 - 0 a")),
        ),
        enters=0.2,
    ),
    layers=(
        Layer(
            "piano",
            ("piano",),
            55,
            79,
            0.0,
            84,
            (
                (0.0, ("0 1 2 1 0 1 2 1", "02 - 1 - 02 - 1 -", "0 - 1 2 3 - 2 1")),
                (0.42, ("* - 1 2 * - 1 2", "* - * 1 * - * 1", "* 1 2 1 * 1 2 1")),
                (0.7, ("* 0 * 0 * 0 * 0", "* 1 0 * 1 0 * 1")),
            ),
            gain_db=1.0,
        ),
        Layer(
            "plucks",
            ("pluck_synth", "guitar_muted"),
            64,
            88,
            0.28,
            72,
            (
                (0.0, ("0 . 2 1 . 2 3 .", "0 2 1 3 0 2 1 3", "2 . 1 2 . 1 2 3")),
                (0.78, ("0 2 1 3 2 1 3 2 0 2 1 3 2 1 3 2", "0 1 2 3 4 3 2 1 0 1 2 3 4 3 2 1")),
            ),
            gate=0.7,
            busy=True,
            pan=-0.35,
            gain_db=3.0,
        ),
        Layer("shimmer", ("pad_shimmer",), 60, 84, 0.12, 56, gate=1.0, tied=True, send=0.5, gain_db=-10.0),
        Layer("strings", ("strings",), 53, 76, 0.4, 72, gate=1.0, send=0.4, gain_db=-8.0),
        Layer(
            "bells",
            ("bells", "glockenspiel"),
            76,
            96,
            0.58,
            70,
            ((0.0, ("2 . . . . . 3 . | 4 . . . 3 . . .", "4 . . 3 . . 2 .", "3 . . . 2 . . .")),),
            busy=True,
            pan=0.4,
            send=0.5,
        ),
        Layer("choir", ("choir",), 60, 79, 0.82, 66, gate=1.0, send=0.5, gain_db=-8.0),
    ),
    tune=Tune(("strings", "lead_soft", "piano"), 64, 86, 0.36, 88, 0.45, 0.15, (2, 1), send=0.4, pan=0.15),
    last=Layer("last chord", ("piano",), 48, 79, 0.0, 104, gate=1.0, send=0.35, gain_db=-2.0),
)
