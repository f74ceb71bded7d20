"""All views of a model together."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Callable

import numpy as np
import pytest
from support.traces import double, log_p_of_next, output_of, read_plainly

from lyricgen.inspection.inspection import half_lives, inspect
from lyricgen.inspection.views import Gates, Inspection
from lyricgen.model.bidirectional import Bidirectional
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.model.evaluation import Text
from lyricgen.text.dataset import Dataset

Make = Callable[..., Checkpoint]
WORDS = "山上的雨\n雨落在山上\n\n我们"


def seen(checkpoint: Checkpoint) -> Inspection:
    model: Any = checkpoint
    kind = checkpoint.model
    model = Bidirectional(kind, checkpoint.parameters) if kind.bidirectional else checkpoint.decoder()
    return inspect(model, checkpoint, Text("a text", WORDS, checkpoint.vocabulary.encode(WORDS)))


def with_text(checkpoint: Checkpoint, dataset: Dataset) -> Checkpoint:
    return dataclasses.replace(checkpoint, vocabulary=dataset.vocabulary, text=dataset.parts)


def test_a_network_has_every_view(random_checkpoint: Make, song_dataset: Dataset) -> None:
    found = seen(with_text(random_checkpoint(cell="lstm", layers=2), song_dataset))
    assert [each.name for each in found.states] == [
        f"layer {layer}, {kind}" for layer in (1, 2) for kind in ("hidden state", "memory cell")
    ]
    assert [(each.name, each.keeps) for each in found.gates] == [("layer 1", "forget"), ("layer 2", "forget")]
    assert found.memory is not None
    assert found.like is not None
    assert found.notes == ()
    assert len(found.like.places) == len(found.memory.before) + 1 == len(WORDS)
    model = with_text(random_checkpoint(cell="lstm", layers=2), song_dataset).decoder()
    probabilities = model.probabilities(found.ids)
    np.testing.assert_allclose(found.expectations[0].bits, -np.log2(probabilities), rtol=1e-4)
    assert found.perplexity == pytest.approx(math.exp(-np.log(probabilities).mean()), rel=1e-4)
    figures = found.figures()
    assert sum(figures["memory"]["before"]) == pytest.approx(1)
    assert len(figures["units"]["layer 2, memory cell"]) == 6
    assert set(figures["gates"]["layer 1"]["open"]) == {"input", "forget", "output"}


def test_what_a_model_does_not_have(random_checkpoint: Make, song_dataset: Dataset) -> None:
    found = seen(random_checkpoint(cell="rnn"))
    assert found.gates == ()
    assert found.like is None
    assert "no training text" in found.notes[0]


def test_both_sides(random_checkpoint: Make, song_dataset: Dataset) -> None:
    """Each stack alone is the model whose other side says nothing."""
    checkpoint = with_text(random_checkpoint(cell="gru", bidirectional=True), song_dataset)
    found = seen(checkpoint)
    config, p, ids = checkpoint.model, double(checkpoint), found.ids
    x = p["embedding.weight"][ids]
    before = np.concatenate([each[-1][0] for each in read_plainly(config, p, x)[0]])
    back = [each[-1][0] for each in read_plainly(config, p, x[:1:-1], stack="backward")[0][::-1]]
    behind = np.concatenate([*back, np.zeros((2, config.hidden))])
    assert [each.name for each in found.expectations] == ["the text before", "the text behind", "both sides"]
    for each, one, other in zip(found.expectations, (1, 0, 1), (0, 1, 1)):
        nats = log_p_of_next(config, p, np.concatenate([one * before, other * behind], axis=1), ids)
        np.testing.assert_allclose(each.bits, -nats / np.log(2), rtol=1e-5)
    assert output_of(config, p).shape[1] == 2 * config.hidden
    assert [each.name for each in found.states] == ["forward layer 1, hidden state", "backward layer 1, hidden state"]
    np.testing.assert_allclose(found.states[1].values[2:], behind[:-2], atol=1e-6)
    opened = np.concatenate([each[0]["update"] for each in read_plainly(config, p, x[::-1], stack="backward")[1][::-1]])
    np.testing.assert_allclose(found.gates[1].values["update"], opened, atol=1e-6)
    np.testing.assert_allclose(found.gates[1].half_lives, half_lives(opened), rtol=1e-5)
    assert found.memory is not None
    assert found.memory.behind is not None
    assert set(found.figures()["bits"]) == {"the text before", "the text behind", "both sides"}


def test_half_lives() -> None:
    gates = np.array([[0.5, 0.0, 1.0, 0.8], [0.5, 0.0, 1.0, 1.0]])
    assert half_lives(gates)[0] == pytest.approx(1)
    assert 0 < half_lives(gates)[1] < 0.1
    assert half_lives(gates)[2] == np.inf
    assert (0.8 * 1.0) ** (half_lives(gates)[3] / 2) == pytest.approx(0.5)
    assert Gates("layer 1", {"update": gates}, "update", half_lives(gates)).figures()["half_lives"][2] is None


def test_counted_models_have_no_states(song_dataset: Dataset) -> None:
    from lyricgen.config import ModelConfig, TrainConfig
    from lyricgen.model import counting

    checkpoint, _ = counting.count(song_dataset, ModelConfig(cell="ngram", order=3), TrainConfig())
    found = seen(checkpoint)
    assert len(found.expectations[0].bits) == len(WORDS) - 1
    assert (found.states, found.gates, found.memory, found.like) == ((), (), None, None)
    assert "n-gram" in found.notes[0]
