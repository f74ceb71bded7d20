"""Prefix in, text out, a character at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from lyricgen.config import SampleConfig
from lyricgen.model.cells import Floats
from lyricgen.text import corpus
from lyricgen.text.vocabulary import Vocabulary
from lyricgen.writing.decoder import Decoder
from lyricgen.writing.sampling import choose

AT_ONCE = 256  # songs decoded side by side; more of them save no time and take memory


def song_rng(seed: int, sample: int) -> np.random.Generator:
    """The chance of the ``sample``-th song (from 0) of a seed: the same whatever is decoded beside it."""
    return np.random.default_rng([seed, sample])


def line_start(vocabulary: Vocabulary) -> str:
    """What stands before a song: a line end, or the space that is one where line ends were made spaces."""
    return "\n" if "\n" in vocabulary else " "


def as_taught(vocabulary: Vocabulary, prefix: str) -> str:
    """A prefix in the form that the training text had: normalised, line ends as spaces where the model knows none."""
    return corpus.flatten(corpus.normalise(prefix), "keep" if "\n" in vocabulary else "space")


def read_prefix(decoder: Decoder, vocabulary: Vocabulary, prefix: str) -> tuple[Floats, Any]:
    """Logits (1, V) of what follows ``prefix`` at the beginning of a line, and the state after it."""
    state = decoder.initial_state(1)
    for identity in vocabulary.encode(line_start(vocabulary) + as_taught(vocabulary, prefix)):
        logits, state = decoder.step(np.array([identity]), state)
    return logits, state


def write(
    decoder: Decoder, vocabulary: Vocabulary, prefix: str, config: SampleConfig, rngs: Sequence[np.random.Generator]
) -> Iterator[list[str]]:
    """Continue ``prefix`` in as many ways as there are generators.

    Yields ``config.length`` times a list of N characters, one for each song. A song's text depends on its generator
    alone, not on the others beside it.
    """
    logits, state = read_prefix(decoder, vocabulary, prefix)
    logits, state = np.repeat(logits, len(rngs), axis=0), decoder.select(state, np.zeros(len(rngs), np.intp))
    for left in range(config.length, 0, -1):
        ids = choose(logits, config, np.array([rng.random() for rng in rngs]))
        yield list(vocabulary.decode(ids))
        if left > 1:
            logits, state = decoder.step(ids, state)


def write_songs(
    decoder: Decoder, vocabulary: Vocabulary, prefix: str, config: SampleConfig, *, seed: int, samples: int
) -> Iterator[str]:
    """``samples`` whole songs, the prefix as given at the head of each, decoded side by side."""
    for first in range(0, samples, AT_ONCE):
        rngs = [song_rng(seed, sample) for sample in range(first, min(first + AT_ONCE, samples))]
        columns = list(write(decoder, vocabulary, prefix, config, rngs))
        for song in range(len(rngs)):
            yield prefix + "".join(column[song] for column in columns)
