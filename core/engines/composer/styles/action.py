"""Action: driving short strings, brass, power fifths in minor."""

from __future__ import annotations

from core.engines.composer.palette import Bass, Layer, Palette, Tune

ACTION = Palette(
    modes={"aeolian": 0.7, "dorian": 0.15, "phrygian": 0.15},
    major=((3, "1 5 6 4"), (2, "1 3 4 5"), (1, "1 4 6 5")),
    minor=((4, "1 6 3 7"), (3, "1 6 4 7"), (2, "1 3 7 4"), (2, "1 7 6 7"), (1, "1 4 6 7")),
    colours={"power": 0.5, "triad": 0.5},
    quick=True,
    pedal=0.2,
    mixture=0.1,
    suspends=True,
    plagal=0.3,
    calm=0.25,
    full=1.0,
    bass=Bass(
        ("bass_strings", "bass_saw"),
        28,
        43,
        98,
        (
            (0.0, ("0 - 0 - 0 - 0 -",)),
            (0.35, ("0 0 0 0 0 0 0 a", "0 0 2 0 0 2 0 a", "0 . 0 0 . 0 0 a")),
        ),
        gate=0.75,
    ),
    layers=(
        Layer(
            "driving strings",
            ("strings_staccato",),
            48,
            74,
            0.0,
            86,
            (
                (0.0, ("0 0 1 0 0 1 0 0", "0 0 2 0 0 2 0 1", "0 1 2 0 1 2 0 1")),
                (0.68, ("0 0 1 0 0 0 2 0 0 0 1 0 2 0 1 0", "0 0 2 0 0 2 0 0 2 0 0 0 2 0 1 0")),
            ),
            ladder="root",
            gate=0.55,
            drives=True,
            gain_db=2.0,
        ),
        Layer("low strings", ("strings_low",), 38, 57, 0.25, 80, voices="power", gate=0.95, send=0.3, gain_db=-5.0),
        Layer(
            "brass stabs",
            ("brass_stab",),
            48,
            70,
            0.48,
            96,
            ((0.0, ("* . . * . . * .", "* . . * . . . .", "* . . . . . * .")), (0.75, ("* . . * . . * *",))),
            gate=0.7,
            busy=True,
            drives=True,
            pan=0.2,
            gain_db=-4.0,
        ),
        Layer("high strings", ("strings",), 64, 86, 0.6, 78, gate=0.97, busy=True, send=0.35, pan=-0.2, gain_db=-8.0),
        Layer("choir", ("choir",), 57, 77, 0.76, 76, gate=0.97, send=0.5, gain_db=-7.0),
    ),
    tune=Tune(("horn", "brass"), 55, 77, 0.38, 96, 0.3, 0.2, (2, 1), leap=0.35, send=0.35, gain_db=1.0),
    last=Layer("last chord", ("brass_stab",), 43, 70, 0.0, 116, gate=0.6, send=0.35, gain_db=-3.0),
)
