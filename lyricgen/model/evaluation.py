"""How well a model predicts a text: the figures of all of it, of its songs and lines, and of simpler models."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lyricgen.config import ModelConfig
from lyricgen.errors import FileError
from lyricgen.model import ngram, scoring
from lyricgen.model.bidirectional import Bidirectional
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.model.decoder import Decoder
from lyricgen.model.scoring import Score
from lyricgen.text.parts import Parts
from lyricgen.text.vocabulary import UNKNOWN, Ids, count_ids


@dataclasses.dataclass(frozen=True)
class Text:
    """A text to measure: its name, its characters and their ids (T,), an id a character, and where its songs begin."""

    name: str
    text: str
    ids: Ids
    songs: Sequence[int] = (0,)

    def check(self) -> None:
        """Raise FileError if it is too short to be measured."""
        if len(self.text.strip()) < 2:
            raise FileError(f"{self.name}: too short; it needs two characters")


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation(Score):
    """The score of a text whose characters after the first have these ``probabilities`` (T - 1,)."""

    measured: Text
    probabilities: NDArray[np.float64]
    accuracy: float  # share of the characters that were the likeliest
    baselines: Mapping[str, Score]

    def songs(self) -> list[tuple[str, Score]]:
        """Return each song with its score."""
        return self._parts(self.measured.songs)

    def lines(self) -> list[tuple[str, Score]]:
        """Return each line with its score."""
        text = self.measured.text
        return self._parts([0, *(place + 1 for place, character in enumerate(text) if character == "\n")])

    def _parts(self, begins: Sequence[int]) -> list[tuple[str, Score]]:
        return scoring.parts(self.probabilities, self.measured.ids, self.measured.text, begins)


def held_out(checkpoint: Checkpoint, parts: Parts | None, name: str) -> Text:
    """Return the part of a text that measures a model: its test part, or its validation part.

    Raises
    ------
    FileError
        The text was not kept, or nothing of it was held out.
    """
    if parts is None:
        raise FileError(f"{name}: keeps no text; name a text to measure, or --dataset")
    part = parts.held_out
    if not part:
        raise FileError(f"{name}: nothing was held out; name a text to measure")
    ids = read(checkpoint, parts, part)
    return Text(f"the {part} part of {name}", parts.text(part), ids, parts.song_starts(part))


def read(checkpoint: Checkpoint, parts: Parts, name: str) -> Ids:
    """Return a part's ids in the model's own vocabulary (T,)."""
    if parts.vocabulary == checkpoint.vocabulary:
        return parts.ids(name)
    return checkpoint.vocabulary.encode(parts.text(name))


def evaluate(model: Decoder | Bidirectional, checkpoint: Checkpoint, text: Text, *, baselines: bool) -> Evaluation:
    """Measure a model on a text of at least two characters; FileError for a shorter one."""
    text.check()
    probabilities = model.probabilities(text.ids)
    score = scoring.score(probabilities, text.ids)
    hits = scoring.accuracy(model, text.ids)
    simpler = _baselines(text.ids, checkpoint) if baselines else {}
    return Evaluation(score.characters, score.unknown, score.nats, text, probabilities, hits, simpler)


def _baselines(ids: Ids, checkpoint: Checkpoint) -> dict[str, Score]:
    """Score simpler models: a uniform one, the frequencies of the training text, its n-grams."""
    size, longest = len(checkpoint.vocabulary), ModelConfig().order
    if checkpoint.text is None:
        return {"uniform": scoring.score(np.full(len(ids) - 1, 1 / size), ids)}
    train = checkpoint.text.ids("train")
    is_own = count_ids(train, size) > 0  # with a base, the vocabulary has other characters, too
    is_own[UNKNOWN] = True
    own = np.where(is_own, np.cumsum(is_own) - 1, UNKNOWN)
    train, ids, size = own[train], own[ids], int(is_own.sum())
    scores = {"uniform": scoring.score(np.full(len(ids) - 1, 1 / size), ids)}
    for name, order in (("unigram", 1), (f"{longest}-gram", longest)):
        counted = ngram.NGram(ngram.estimate(train, order, size), order, size)
        scores[name] = scoring.score(counted.probabilities(ids), ids)
    return scores
