"""Perplexity by how many characters are seen."""

from __future__ import annotations

import dataclasses
from typing import Callable

import numpy as np
import pytest
from support.command import SONG

from lyricgen.errors import FileError
from lyricgen.inspection.context import SEEN, context
from lyricgen.model import ngram
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.model.probability import softmax
from lyricgen.model.recurrent import Recurrent
from lyricgen.text.dataset import Dataset

Make = Callable[..., Checkpoint]


def test_a_network_sees_the_last_characters(random_checkpoint: Make) -> None:
    checkpoint = random_checkpoint(cell="lstm")
    ids = checkpoint.vocabulary.encode(SONG[:106])
    found = context(checkpoint, ids, run="a")
    network = Recurrent(checkpoint.model, checkpoint.parameters)
    assert tuple(found.network) == SEEN
    assert found.predicted == 6
    for n in (1, 2, 15, 100):
        nats = 0.0
        for place in range(100, 106):
            state = network.initial_state(1)
            for char_id in ids[place - n : place]:
                logits, state = network.step(np.array([char_id]), state)
            nats -= float(np.log(softmax(logits[0])[ids[place]]))
        assert found.network[n] == pytest.approx(np.exp(nats / 6), rel=1e-4)
    assert found.ngrams == {}


def test_ngrams_beside_it(random_checkpoint: Make, song_dataset: Dataset) -> None:
    checkpoint = random_checkpoint()
    checkpoint = dataclasses.replace(checkpoint, vocabulary=song_dataset.vocabulary, text=song_dataset.parts)
    ids = song_dataset.train[:110]
    found = context(checkpoint, ids, run="a")
    size = len(song_dataset.vocabulary)
    three = ngram.NGram(ngram.estimate(song_dataset.train, 3, size), 3, size)
    expected = np.exp(-np.log(three.probabilities(ids)[99:]).mean())
    assert found.ngrams[2] == pytest.approx(expected)
    assert found.figures()["ngrams"] == found.ngrams


def test_a_text_that_is_too_short(random_checkpoint: Make) -> None:
    checkpoint = random_checkpoint()
    with pytest.raises(FileError, match="102"):
        context(checkpoint, checkpoint.vocabulary.encode(SONG[:101]), run="a")
