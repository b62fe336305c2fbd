"""Lo-fi: sevenths and ninths on an electric piano, ii V I."""

from __future__ import annotations

from core.engines.composer.palette import Bass, Layer, Palette, Tune

LO_FI = Palette(
    modes={"ionian": 0.5, "dorian": 0.5},
    major=((3, "2 5 1 6"), (2, "1 6 2 5"), (2, "4 3 2 1"), (1, "1 4 3 6")),
    minor=((3, "1 4 7 3"), (2, "4 1 7 3"), (2, "1 3 4 5")),
    colours={"ninth": 0.55, "seventh": 0.45},
    inversions=0.0,
    plagal=0.3,
    calm=0.12,
    full=0.7,
    bass=Bass(
        ("bass_pluck", "bass_electric"),
        28,
        45,
        84,
        (
            (0.0, ("0 - - - - . . .", "0 - - - 1 - - .")),
            (0.3, ("0 - - . . 0 1 -", "0 - - 0 - . 1 a", "0 - - . 1 - . a")),
        ),
        enters=0.1,
    ),
    layers=(
        Layer(
            "electric piano",
            ("piano_electric",),
            50,
            74,
            0.0,
            78,
            (
                (0.0, ("* - - - - - - .", "* - - * - - - .")),
                (0.28, ("* - - * - . * .", "* - . * . - * -", ". * - - * - . *")),
            ),
            gate=0.9,
        ),
        Layer("dusty pad", ("pad_warm",), 52, 71, 0.2, 50, gate=1.0, tied=True, send=0.3, gain_db=-10.0),
        Layer(
            "muted plucks",
            ("guitar_muted",),
            57,
            79,
            0.32,
            66,
            ((0.0, (". . 1 . . 2 . .", ". 2 . 1 . . 3 .", "0 . . 2 . . 1 .")),),
            gate=0.5,
            busy=True,
            pan=-0.35,
        ),
        Layer(
            "celesta",
            ("celesta", "harp"),
            72,
            91,
            0.56,
            54,
            ((0.0, (". . . . 3 . . . | . . . . . . 2 .", "2 . . . . . . . | . . 3 . . . . .")),),
            busy=True,
            pan=0.4,
            send=0.4,
            gain_db=-3.0,
        ),
    ),
    tune=Tune(("vibraphone", "guitar", "flute"), 62, 81, 0.26, 72, 0.4, 0.35, (2, 1), gate=0.85, send=0.3, pan=0.2),
    last=Layer("last chord", ("piano_electric",), 48, 74, 0.0, 92, gate=0.9),
)
