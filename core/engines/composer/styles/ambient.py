"""Ambient: drifting pads and distant bells, two chords and no pulse."""

from __future__ import annotations

from core.engines.composer.palette import Bass, Layer, Palette, Tune

AMBIENT = Palette(
    modes={"lydian": 0.5, "aeolian": 0.35, "ionian": 0.15},
    major=((3, "1 2"), (2, "1 6 4"), (1, "1 5"), (1, "1 3 2")),
    minor=((3, "1 6"), (2, "1 4"), (2, "1 3 6"), (1, "1 7 6")),
    colours={"add9": 0.4, "seventh": 0.3, "ninth": 0.2, "open": 0.1},
    bars_per_chord=2.0,
    pedal=0.4,
    plagal=0.9,
    calm=0.02,
    full=0.6,
    bass=Bass(("bass_sub",), 28, 43, 70, ((0.0, ("0 - - - - - - -",)),), enters=0.1, locks=False, gate=0.98, send=0.3),
    layers=(
        Layer("pad", ("pad_warm", "pad_dark"), 48, 69, 0.0, 66, gate=1.0, tied=True, send=0.55, gain_db=-3.0),
        Layer(
            "grains",
            ("pad_granular", "pad_shimmer"),
            60,
            84,
            0.12,
            58,
            gate=1.0,
            tied=True,
            send=0.6,
            busy=True,
            pan=0.2,
            gain_db=-7.0,
        ),
        Layer(
            "distant bells",
            ("bells", "celesta", "vibraphone"),
            72,
            93,
            0.06,
            52,
            (
                (0.0, ("3 . . . | . . . . | . . 2 . | . . . .", ". . 4 . | . . . . | 3 . . . | . . . .")),
                (0.32, ("3 . . . | . . 2 . | 4 . . . | . . 3 .", ". . 4 . | 3 . . . | . . 2 . | . . 3 .")),
            ),
            gate=1.0,
            busy=True,
            pan=-0.4,
            send=0.7,
            gain_db=1.0,
        ),
        Layer("choir", ("choir",), 55, 74, 0.34, 54, gate=1.0, tied=True, send=0.6, gain_db=-8.0),
        Layer(
            "slow harp",
            ("harp", "piano_felt"),
            52,
            79,
            0.42,
            56,
            ((0.0, ("0 2 1 3", "0 . 2 3 | 1 . 3 2")),),
            gate=1.0,
            busy=True,
            pan=0.3,
            send=0.5,
            gain_db=2.0,
        ),
    ),
    tune=Tune(
        ("lead_soft", "flute", "horn"), 62, 81, 0.26, 60, 0.03, 0.5, (2,), gate=1.0, leap=0.3, send=0.6, gain_db=-1.0
    ),
    last=Layer("last chord", ("harp", "bells"), 55, 84, 0.0, 76, gate=1.0, send=0.6),
)
