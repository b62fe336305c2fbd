"""Plays a score through a SoundFont instead of the house instruments.

symusic's synthesiser knows programs, keys and velocity zones, but no level by velocity, no volume and no pan. So each
note is rendered by itself and laid down by the same hands as the house instruments: exact onset, level by velocity,
gain, pan, room, stops and fades are the same. Each instrument is brought to the reference loudness first, so that the
writer's balance holds with any SoundFont.
"""

from __future__ import annotations

from pathlib import Path
from threading import Lock

import numpy as np

from core.brief import Stem
from core.engines.composer.instruments import INSTRUMENTS, Instrument
from core.engines.composer.instruments.filters import loudness_weight
from core.engines.composer.instruments.stroke import REFERENCE_LUFS, REFERENCE_VELOCITY, Sound, half_cosine
from core.engines.composer.mix import Window, mix
from core.engines.composer.players import Key, Players
from core.engines.composer.score import Score
from core.errors import UnusableInput
from core.watch import Watch

_TOMS = (41, 43, 45, 47, 48, 50)
"""General MIDI keys of the toms."""
_CLOSE = 0.006
_WINDOW = 0.1
_LINGERS = 8.0
"""Seconds that a SoundFont's notes may ring on beyond the house instruments' own."""


def render_soundfont(
    score: Score,
    soundfont: Path,
    sample_rate: int,
    samples: int,
    scratch: Path,
    watch: Watch,
    window: Window | None = None,
) -> tuple[Stem, ...]:
    """The stems of a score, played by a SoundFont (SF2 or SF3), shape [samples, 2] each.

    Ranges longer than two minutes lie in files in `scratch`, which must exist and outlive the stems. With a window
    only its stems are played, and only there are they right.

    Raises:
        UnusableInput: the file is no SoundFont, or lacks a sound that the score needs.
        Cancelled: the user stopped the work.
    """
    synthesizer = _Synthesizer(soundfont, sample_rate)
    gains = {}
    heard = window or Window(0, samples)
    for name in sorted({part.instrument for part in score.parts if part.notes and part.stem in heard.stems}):
        watch.check()
        gains[name] = synthesizer.gain(INSTRUMENTS[name])

    def voice(key: Key) -> Sound:
        instrument = INSTRUMENTS[key.instrument]
        velocity = key.layer / instrument.layers
        return synthesizer.note(instrument, key.pitch, velocity, key.seconds) * np.float32(
            gains[key.instrument] * instrument.level(velocity)
        )

    players = Players(score, sample_rate, samples, voice, None, heard, _LINGERS)
    return mix(score, sample_rate, samples, players.feed, scratch, watch, window=heard)


class _Synthesizer:
    """A SoundFont that plays one note at a time."""

    def __init__(self, soundfont: Path, sample_rate: int) -> None:
        from symusic import Synthesizer

        try:
            with soundfont.open("rb") as file:
                head = file.read(12)
            if head[:4] != b"RIFF" or head[8:] != b"sfbk":
                raise UnusableInput("This is not a SoundFont", str(soundfont), "Give an .sf2 or .sf3 file.")
            self._synthesizer = Synthesizer(str(soundfont), sample_rate, 0)
        except OSError as error:
            raise UnusableInput(
                f"The SoundFont cannot be read: {error.strerror}", str(soundfont), "Check the path."
            ) from error
        except RuntimeError as error:
            raise UnusableInput(
                f"The SoundFont is damaged: {error}", str(soundfont), "Get the file again or use another one."
            ) from error
        self._file = soundfont
        self._sample_rate = sample_rate
        self._lock = Lock()

    def note(self, instrument: Instrument, pitch: int, velocity: float, seconds: float) -> Sound:
        """One note from its onset until it is released, shape [2, samples]."""
        from symusic import Note, Score, Track

        score = Score(960, ttype="second")
        track = Track(instrument.name, 0 if instrument.drums else instrument.program, instrument.drums, ttype="second")
        strength = int(np.clip(round(127 * velocity), 1, 127))
        track.notes.append(Note(0.0, seconds, _key_of(instrument, pitch), strength, ttype="second"))
        score.tracks.append(track)
        with self._lock:
            sound: Sound = np.ascontiguousarray(self._synthesizer.render(score, True), dtype=np.float32)
        closing = min(sound.shape[1], round(_CLOSE * self._sample_rate))
        sound[:, sound.shape[1] - closing :] *= half_cosine(closing)[::-1]
        return sound

    def gain(self, instrument: Instrument) -> float:
        """What brings an instrument to the reference loudness at the reference velocity."""
        sound = self.note(instrument, instrument.centre, REFERENCE_VELOCITY, 1.0)
        loudness = _loudness(sound, self._sample_rate)
        if loudness < -100:
            raise UnusableInput(
                f"The SoundFont has no sound for {instrument.name.replace('_', ' ')} "
                + (f"(drum key {instrument.gm_key})" if instrument.drums else f"(program {instrument.program + 1})"),
                str(self._file),
                "Use a General MIDI SoundFont.",
            )
        return float(10 ** ((REFERENCE_LUFS - loudness) / 20))


def _key_of(instrument: Instrument, pitch: int) -> int:
    """The key to press: a drum's own, for tuned drums the nearest tom."""
    if not instrument.drums:
        return pitch
    if instrument.name in ("tom", "taiko"):
        return min(_TOMS, key=lambda key: abs(key - pitch))
    return instrument.gm_key


def _loudness(sound: Sound, sample_rate: int) -> float:
    """Loudness of the loudest 100 ms in LUFS, as the house instruments are measured."""
    window = round(_WINDOW * sample_rate)
    padded = np.pad(sound, ((0, 0), (0, -sound.shape[1] % window)))
    pieces = np.fft.rfft(padded.reshape(2, -1, window))
    weight = loudness_weight(np.fft.rfftfreq(window, 1 / sample_rate))
    power = 2 * np.sum((np.abs(pieces) * weight) ** 2, axis=(0, 2)) / window**2
    return float(-0.691 + 10 * np.log10(power.max() + 1e-20))
