"""A model so small that all its songs can be enumerated, and how often it should write each of them.

Every distribution here is computed from its formula, over plain text; of the product only the decoder's protocol and
``Writer`` are used. A ``Weigh`` gives the weights of the characters that may follow a text.
"""

from __future__ import annotations

import dataclasses
import functools
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any, Callable

import numpy as np
from numpy.typing import NDArray

from lyricgen.config import FormConfig, SampleConfig
from lyricgen.text.vocabulary import Ids, Vocabulary
from lyricgen.writing.generation import Writer

Weigh = Callable[[str], "dict[str, float]"]
GUIDED = 3  # characters before a line's end that a guide knows
FLOOR = 0.02  # of a guide's mean, added to it
RESTS = 2  # characters in a row that are not counted


class Toy:
    """A decoder whose logits (V,) are a table of the last two characters, and its vocabulary."""

    def __init__(self, characters: str, *, seed: int = 1, spread: float = 1.5) -> None:
        self.vocabulary = Vocabulary("".join(sorted(characters)))
        size = len(self.vocabulary)
        self.table = np.random.default_rng(seed).normal(0, spread, (size, size, size)).astype(np.float32)

    def initial_state(self, batch_size: int = 1) -> Ids:
        """The character before the last one (N,)."""
        return np.zeros(batch_size, np.int64)

    def step(self, ids: Ids, state: Ids) -> tuple[NDArray[np.float32], Ids]:
        return self.table[state, ids], ids

    def select(self, state: Ids, rows: NDArray[np.intp]) -> Ids:
        return state[rows]

    def join(self, states: Sequence[Ids]) -> Ids:
        return np.concatenate(states)

    def probabilities(self, ids: Ids) -> NDArray[np.float64]:
        before = np.concatenate([[0], ids[:-2]])
        rows = np.exp(self.table[before, ids[:-1]].astype(np.float64))
        return rows[np.arange(len(rows)), ids[1:]] / rows.sum(axis=1)

    def favour(self, before: str, character: str, nats: float) -> None:
        """Raise the logit of a character after two others."""
        one, two, after = self.vocabulary.encode(before + character)
        self.table[one, two, after] += nats

    def writer(self, *, text: str = "", **asked: Any) -> Writer:
        """What writes its songs, plainly at temperature 1 if nothing else is asked; ``text``: what it learned from."""
        asked = {"temperature": 1.0, "drafts": 1, **asked}
        sample = {name: asked.pop(name) for name in SampleConfig.__dataclass_fields__ if name in asked}
        ids = self.vocabulary.encode(text) if text else None
        return Writer(self, self.vocabulary, SampleConfig(**sample), FormConfig(**asked), ids)

    def songs(self, samples: int, *, prefix: str = "", **asked: Any) -> list[str]:
        """Songs of a fixed seed, in the order of their numbers."""
        return list(self.writer(**asked).songs(prefix, seed=1, samples=samples))


def is_counted(character: str) -> bool:
    return unicodedata.category(character)[0] in "LN"


def counted(text: str) -> str:
    return "".join(filter(is_counted, text))


def ngrams(line: str, n: int) -> list[str]:
    """The stretches of ``n`` counted characters."""
    return [counted(line)[at : at + n] for at in range(len(counted(line)) - n + 1)]


# -- the weights of one character


def model(toy: Toy, *, temperature: float = 1.0) -> Weigh:
    """p of each character but the unknown one."""

    def weigh(text: str) -> dict[str, float]:
        before = toy.vocabulary.encode("\n" + text)
        logits = toy.table[before[-2] if len(before) > 1 else 0, before[-1]].astype(np.float64)
        p = {character: np.exp(logits[i]) for i, character in enumerate(toy.vocabulary.id_to_char) if i}
        return normalised({c: each ** (1 / (temperature or 1)) for c, each in p.items()})

    return weigh


def following(weigh: Weigh, prefix: str) -> Weigh:
    """The weights after a prefix, as of a text that begins there."""
    return lambda text: weigh(prefix + text)


def normalised(weights: dict[str, float]) -> dict[str, float]:
    """The same weights with the sum one."""
    total = sum(weights.values())
    return {key: weight / total for key, weight in weights.items() if weight}


def per_character(weigh: Weigh) -> Weigh:
    """Each character is drawn by itself, whatever becomes of the line."""
    return lambda text: normalised(weigh(text))


def within(weigh: Weigh, *may_stand: Callable[[str], bool]) -> Weigh:
    """Only the characters with which the text may stand."""
    return lambda text: {c: w for c, w in weigh(text).items() if all(may(text + c) for may in may_stand)}


def cut(weigh: Weigh, *, top_k: int = 0, top_p: float = 1.0) -> Weigh:
    """Only the ``top_k`` likeliest, and of these the smallest set with ``top_p`` of their probability."""

    def kept(text: str) -> dict[str, float]:
        weights = weigh(text)
        ranked = sorted(weights, key=lambda c: -weights[c])[: top_k or None]
        whole, before, chosen = sum(weights[c] for c in ranked), 0.0, {}
        for character in ranked:
            if before < top_p * whole:
                chosen[character] = weights[character]
            before += weights[character]
        return chosen

    return kept


def times(weigh: Weigh, worth: Callable[[str, str], float]) -> Weigh:
    """Each weight times what the character is worth after the text."""
    return lambda text: {c: w * worth(text, c) for c, w in weigh(text).items()}


def greedy(weigh: Weigh) -> Weigh:
    """The heaviest character alone."""
    return lambda text: {max(found, key=lambda c: found[c]): 1.0} if (found := weigh(text)) else {}


# -- forms


@dataclasses.dataclass(frozen=True)
class Asked:
    """Lines of these lengths that rhyme by a scheme; ``classes`` are the characters of each class of rhyme.

    ``tones`` has the characters that may stand at each place of each line, for lines with tones.
    """

    lengths: tuple[int, ...]
    scheme: str = ""
    classes: tuple[str, ...] = ()
    identical: bool = False
    tones: tuple[tuple[str, ...], ...] = ()

    def __call__(self, text: str) -> bool:
        """Whether a text may begin a song."""
        lines = text.split("\n")
        if len(lines) > len(self.lengths) + 1:
            return False
        return all(self._stands(number, lines) for number, line in enumerate(lines) if line or number < len(lines) - 1)

    def _stands(self, number: int, lines: Sequence[str]) -> bool:
        if number >= len(self.lengths):
            return not lines[number]
        line, length = lines[number], self.lengths[number]
        rests = "".join("s" if is_counted(c) else "r" for c in line)
        if rests.startswith("r") or "r" * (RESTS + 1) in rests or rests.count("s") > length:
            return False
        if any(c not in may_stand for c, may_stand in zip(counted(line), self.tones_of(number))):
            return False
        if rests.count("s") < length:
            return number == len(lines) - 1
        return counted(line)[-1] in self.endings([counted(each)[-1] for each in lines[:number]])

    def tones_of(self, number: int) -> tuple[str, ...]:
        """What may stand at each place of a line; empty if anything may."""
        return self.tones[number] if self.tones else ()

    def settled(self, lasts: Sequence[str]) -> str:
        """The class that the next line must end in after lines that ended so; empty if it may choose."""
        letters = self.scheme[len(lasts) : len(lasts) + 1]
        same = [last for letter, last in zip(self.scheme, lasts) if letter == letters != "-"]
        return next((each for each in self.classes if same and same[0] in each), "")

    def endings(self, lasts: Sequence[str]) -> str:
        """What the next line may end in after lines that ended so."""
        letter = self.scheme[len(lasts) : len(lasts) + 1]
        if letter in ("", "-"):
            return "".join(self.classes)
        same = [last for other, last in zip(self.scheme, lasts) if other == letter]
        if same:
            return "".join(c for c in self.settled(lasts) if self.identical or c not in same)
        rivals = [last for other, last in zip(self.scheme, lasts) if other != "-"]
        wanted = 1 if self.identical else self.scheme.count(letter)
        free = [each for each in self.classes if len(each) >= wanted and not set(each) & set(rivals)]
        return "".join(free)


def guide(toy: Toy, asked: Asked, *, temperature: float = 1.0) -> Callable[[str, str], float]:
    """What a character is worth for the end of its line, by pairs of characters, each as if a line began with it."""
    signs = toy.vocabulary.id_to_char
    sings = np.array([is_counted(sign) for sign in signs]) & (np.arange(len(signs)) > 0)
    ends = ~sings & (np.arange(len(signs)) > 0)  # line ends, and what may close a line
    line_end = toy.vocabulary.encode("\n")[0]
    logits = toy.table[line_end].astype(np.float64) / (temperature or 1)
    pairs = np.exp(logits) * (np.arange(len(signs)) > 0)
    pairs /= pairs.sum(axis=1, keepdims=True)

    @functools.cache
    def values(left: int, ending: str, places: tuple[str, ...], is_end: bool = True) -> NDArray[np.float64]:
        found = pairs[:, ends].sum(axis=1) if is_end else np.ones(len(signs))
        for number in range(left):
            may_end = np.array([sign in ending for sign in signs]) if ending else sings
            may_stand = np.array([sign in places[left - 1 - number] for sign in signs]) if places else sings
            found = pairs @ (found * may_stand * (sings if number else may_end))
        return found + FLOOR * found.mean()

    def worth(text: str, character: str) -> float:
        *before, line = text.split("\n")
        (char_id,) = toy.vocabulary.encode(character)
        left = asked.lengths[len(before)] - len(counted(line))
        places = asked.tones_of(len(before))[len(counted(line)) :][is_counted(character) : GUIDED]
        if left > GUIDED and places:
            return float(values(len(places), "", places, is_end=False)[char_id])
        if not 1 <= left <= GUIDED:
            return 1.0
        ending = asked.settled([counted(each)[-1] for each in before])
        return float(values(left - is_counted(character), ending, places)[char_id])

    return worth


# -- whole songs


def free(weigh: Weigh, length: int) -> dict[str, float]:
    """p of every text of a length, character by character."""
    found = {"": 1.0}
    for _ in range(length):
        found = {text + c: p * q for text, p in found.items() for c, q in normalised(weigh(text)).items()}
    return found


def line_by_line(weigh: Weigh, count: int) -> dict[str, float]:
    """p of every song of ``count`` lines, where a line is drawn among all lines in proportion to its weight.

    A line that cannot be ended takes the lines before it along.
    """
    found = {"": 1.0}
    for _ in range(count):
        found = {song + line: p * q for song, p in found.items() for line, q in normalised(lines(weigh, song)).items()}
    return {song[:-1]: p for song, p in normalised(found).items()}


def whole(weigh: Weigh, count: int) -> dict[str, float]:
    """The weight of every song of ``count`` lines: the product of its characters'."""
    found = {"": 1.0}
    for _ in range(count):
        found = {song + line: w * x for song, w in found.items() for line, x in lines(weigh, song).items()}
    return {song[:-1]: weight for song, weight in found.items()}


def lines(weigh: Weigh, song: str = "") -> dict[str, float]:
    """The weight of every line, with its end, after a song."""
    ended: dict[str, float] = {}
    going = {"": 1.0}
    while going:
        after = {line + c: w * x for line, w in going.items() for c, x in weigh(song + line).items()}
        ended.update({line: weight for line, weight in after.items() if line.endswith("\n")})
        going = {line: weight for line, weight in after.items() if not line.endswith("\n")}
    return ended


# -- comparison


def surprise(songs: Sequence[str], expected: dict[str, float]) -> float:
    """Pearson's chi-square of songs, in its standard deviations above its mean; what is never expected, infinite.

    Songs expected less than five times count as one.
    """
    found, count = Counter(songs), len(songs)
    if not found.keys() <= expected.keys():
        return np.inf
    common = [song for song, p in expected.items() if p * count >= 5]
    observed = np.array([*(found[song] for song in common), count - sum(found[song] for song in common)])
    wanted = np.array([*(expected[song] for song in common), 1 - sum(expected[song] for song in common)]) * count
    kept = wanted > 1e-6 * count
    freedom = max(np.count_nonzero(kept) - 1, 1)
    chi_square = ((observed - wanted)[kept] ** 2 / wanted[kept]).sum()
    return float((chi_square - freedom) / np.sqrt(2 * freedom))
