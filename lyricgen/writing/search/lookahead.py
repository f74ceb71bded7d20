"""How likely a character leads to the end that a line must have: what guides the draws before it.

A twist function (Whiteley & Lee 2014; Lew et al. 2023) for the last characters of a line. With the model's own
probabilities of one character after another, v_r(c) is the chance that after c just r more are sung, the last of them
in the class of rhyme, and the line ends:

    v_0(c) = p(line end | c);   v_r(c) = Σ_x p(x | c) v_{r-1}(x)  over sung x

An approximation, since the model knows more than one character of context; so it guides, and forbids nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.model.decoder import Decoder
from lyricgen.model.parameters import Floats
from lyricgen.model.probability import softmax
from lyricgen.text.vocabulary import UNKNOWN, Vocabulary
from lyricgen.writing.form.tracker import Place, Verse

AHEAD = 3  # characters of a line's end that are guided
_AT_ONCE = 256
_MOST = 8192  # characters of a vocabulary; the pairs of more would take too much memory
_FLOOR = 0.02  # of the mean: no character is ruled out by an approximation


class _Key(NamedTuple):
    left: int  # characters still to be sung
    name: str  # the class of rhyme, empty for any


class Outlook:
    """v_r (V,) for each class of rhyme, made when it is first asked for."""

    def __init__(self, decoder: Decoder, vocabulary: Vocabulary, verse: Verse, temperature: float) -> None:
        self._decoder = decoder
        self._vocabulary = vocabulary
        self._verse = verse
        self._temperature = temperature or 1.0
        self._guides: dict[_Key | None, Floats] = {None: np.ones(len(vocabulary), np.float32)}
        self._values: list[Floats] = []  # (V, C)
        self._sung = verse.mask(("sung",))
        self._columns: dict[str, int] = {}

    def guides(self, places: list[Place]) -> Floats | None:
        """What each character is worth at each place (N, V), at most 1; None where no line is near its end."""
        keys = [self._key(place) for place in places]
        if not any(keys):
            return None
        numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        table = np.stack([self._guide(key) for key in numbers])
        return table[[numbers[key] for key in keys]]

    def _key(self, place: Place) -> _Key | None:
        if place.target is None or place.script or not 1 <= place.target - place.sung <= AHEAD:
            return None
        if len(self._vocabulary) > _MOST:
            return None
        return _Key(place.target - place.sung, self._verse.class_of(place) or "")

    def _guide(self, key: _Key | None) -> Floats:
        if key not in self._guides:
            assert key is not None
            values, column = self._look(), self._columns.get(key.name, 0)
            guide = np.where(self._sung, values[key.left - 1][:, column], values[key.left][:, column])
            self._guides[key] = guide / guide.max()
        return self._guides[key]

    def _look(self) -> list[Floats]:
        if not self._values:
            names = list(self._verse.members) if self._verse.form.scheme else []
            self._columns = {name: column for column, name in enumerate(names, 1)}
            endings = np.stack([self._sung, *(self._verse.members[name] for name in names)], axis=1)
            pairs, ends = self._pairs()
            values = [np.repeat(ends[:, None], endings.shape[1], axis=1)]
            for r in range(AHEAD):
                kept = values[-1] * (endings if r == 0 else self._sung[:, None])
                values.append(np.concatenate([part.astype(np.float32) @ kept for part in pairs]))
            self._values = [value + _FLOOR * value.mean(axis=0) + np.float32(1e-30) for value in values]
        return self._values

    def _pairs(self) -> tuple[list[NDArray[np.float16]], Floats]:
        """p of each character after each character, (V, V) in pieces of some rows, and of a line's end (V,)."""
        size = len(self._vocabulary)
        ending = self._verse.mask(("end", "close"))
        _, state = self._decoder.step(self._vocabulary.encode(self._verse.line_end), self._decoder.initial_state(1))
        pairs, ends = [], []
        for first in range(0, size, _AT_ONCE):
            ids = np.arange(first, min(first + _AT_ONCE, size))
            logits, _ = self._decoder.step(ids, self._decoder.select(state, np.zeros(len(ids), np.intp)))
            logits[:, UNKNOWN] = -np.inf
            shares = softmax(logits, self._temperature)
            pairs.append(shares.astype(np.float16))
            ends.append(shares[:, ending].sum(axis=1))
        return pairs, np.concatenate(ends)
