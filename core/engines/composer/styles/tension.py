"""Tension: low, dark and sparse; a pedal, half steps, clusters."""

from __future__ import annotations

from core.engines.composer.palette import Bass, Layer, Palette, Tune

TENSION = Palette(
    modes={"phrygian": 0.6, "aeolian": 0.4},
    major=((2, "1 b2M 1 7"), (1, "1 4m 6 b2M")),
    minor=((3, "1 b2M 1 7"), (2, "1 6 b2M 7"), (2, "1 b5M 1 b2M"), (1, "1 4 6 b2M")),
    colours={"triad": 0.7, "power": 0.2, "add9": 0.1},
    bars_per_chord=2.0,
    pedal=0.75,
    plagal=0.2,
    calm=0.08,
    full=0.88,
    bass=Bass(
        ("bass_strings", "bass_sub"),
        26,
        42,
        88,
        (
            (0.0, ("0 - - - - - - -",)),
            (0.35, ("0 - - . 0 - - .", "0 - . . 0 . 0 .")),
            (0.7, ("0 . 0 . 0 . 0 .", "0 - 0 0 . 0 0 .")),
        ),
        send=0.12,
    ),
    layers=(
        Layer(
            "low ostinato",
            ("strings_low",),
            38,
            60,
            0.0,
            76,
            (
                (0.0, ("0 . 0 . 0 . 0 .", "0 . 0 . 0 . n .")),
                (0.3, ("0 0 n 0 0 0 n 0", "0 0 0 n 0 0 2 0", "0 0 l 0 0 0 n 0")),
                (0.78, ("0 0 0 0 n 0 0 0 0 0 0 0 n 0 l 0", "0 0 0 n 0 0 0 n 0 0 0 n 0 0 n l")),
            ),
            ladder="root",
            gate=0.6,
            gain_db=2.0,
        ),
        Layer("dark pad", ("pad_dark",), 43, 65, 0.0, 62, voices="low", gate=1.0, tied=True, send=0.5, gain_db=-9.0),
        Layer(
            "ticking",
            ("marimba", "pizzicato"),
            64,
            79,
            0.22,
            62,
            ((0.0, ("0 . 0 . 0 . 0 .",)), (0.4, ("0 0 0 0 0 0 0 0", "0 . 0 0 0 . 0 0"))),
            ladder="root",
            gate=0.4,
            busy=True,
            pan=0.35,
            gain_db=-1.0,
        ),
        Layer("cluster", ("strings",), 60, 77, 0.45, 58, voices="cluster", gate=1.0, tied=True, send=0.5, gain_db=-9.0),
        Layer("low brass", ("brass",), 36, 57, 0.58, 70, voices="power", gate=0.8, send=0.4, gain_db=-4.0),
        Layer("choir", ("choir",), 55, 74, 0.74, 60, gate=1.0, tied=True, send=0.5, gain_db=-8.0),
    ),
    tune=Tune(
        ("celesta", "horn", "clarinet", "vibraphone"), 60, 81, 0.25, 72, 0.12, 0.45, (2,), leap=0.15, send=0.5, pan=-0.2
    ),
    last=Layer("last chord", ("strings_staccato", "brass_stab"), 36, 62, 0.0, 104, gate=0.5, send=0.4),
)
