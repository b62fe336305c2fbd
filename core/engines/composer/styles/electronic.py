"""Electronic: one-bar loops of synthesizers in minor."""

from __future__ import annotations

from core.engines.composer.palette import Bass, Layer, Palette, Tune

ELECTRONIC = Palette(
    modes={"aeolian": 0.7, "dorian": 0.15, "phrygian": 0.15},
    major=((3, "1 5 6 4"), (2, "4 5 6 1")),
    minor=((4, "1 6 3 7"), (3, "1 6 7 4"), (2, "6 7 1 3"), (2, "1 7 6 7")),
    colours={"triad": 0.6, "seventh": 0.25, "power": 0.15},
    pedal=0.15,
    plagal=0.5,
    calm=0.15,
    full=1.0,
    bass=Bass(
        ("bass_saw",),
        28,
        43,
        98,
        (
            (0.0, (". 0 . 0 . 0 . 0", "0 - - . 0 - - .")),
            (0.3, (". 0 . 0 . 0 . 0", "0 0 . 0 0 . 0 2", ". 0 . 0 . 0 0 2")),
            (0.8, (". . 0 0 . . 0 0 . . 0 0 . . 0 2", ". 0 0 . . 0 0 . . 0 0 . . 0 2 .")),
        ),
        enters=0.2,
        gate=0.75,
        locks=False,
    ),
    layers=(
        Layer(
            "arpeggio",
            ("arp",),
            60,
            86,
            0.0,
            76,
            (
                (0.0, ("0 1 2 3 2 1 2 3", "0 2 1 3 0 2 1 3")),
                (
                    0.5,
                    (
                        "0 2 1 3 0 2 4 3 0 2 1 3 4 3 2 1",
                        "0 1 2 3 4 3 2 1 0 1 2 3 4 3 2 1",
                        "0 0 2 0 0 3 0 0 2 0 0 4 0 3 0 2",
                    ),
                ),
            ),
            gate=0.6,
            busy=True,
            pan=0.2,
            gain_db=2.0,
        ),
        Layer("pumped pad", ("pad_warm",), 52, 74, 0.0, 72, gate=1.0, send=0.3, gain_db=-8.0),
        Layer(
            "plucks",
            ("pluck_synth",),
            62,
            84,
            0.3,
            78,
            ((0.0, ("* . . * . . * .", "* . . * . * . .", ". * . * * . * .")),),
            gate=0.5,
            busy=True,
            pan=-0.3,
            gain_db=1.0,
        ),
        Layer(
            "supersaw",
            ("supersaw",),
            55,
            81,
            0.5,
            84,
            ((0.0, ("* - - * - - * -", "* - - - * - - -")), (0.8, ("* - * . * * - *", "* - - * - - * -"))),
            gate=0.85,
            gain_db=-6.0,
        ),
        Layer("shimmer", ("pad_shimmer",), 67, 91, 0.78, 60, gate=1.0, tied=True, send=0.4, gain_db=-10.0),
    ),
    tune=Tune(("lead_soft",), 66, 88, 0.46, 88, 0.6, 0.1, (1,), gate=0.7, leap=0.3, send=0.3),
    last=Layer("last chord", ("supersaw",), 50, 79, 0.0, 108, gate=0.5),
)
