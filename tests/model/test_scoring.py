from __future__ import annotations

import math
from typing import Callable

import numpy as np
import pytest
from support.equations import plain_loss

from lyricgen.config import ModelConfig
from lyricgen.model import recurrent
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.model.parameters import parameter_shapes
from lyricgen.model.recurrent import Recurrent
from lyricgen.model.scoring import accuracy, parts, perplexity, score


def constant(logits: list[float]) -> Recurrent:
    config = ModelConfig(hidden=3)
    shapes = parameter_shapes(config, len(logits))
    parameters = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    return Recurrent(config, {**parameters, "output.bias": np.array(logits, np.float32)})


def test_a_uniform_model_gives_v_and_a_sure_one_1() -> None:
    ids = np.array([1, 2, 3, 0, 1])
    uniform = score(constant([0.0] * 8).probabilities(ids), ids)
    assert uniform.perplexity == pytest.approx(8)
    assert uniform.bits_per_character == pytest.approx(3)
    assert (uniform.characters, uniform.unknown) == (4, 1)
    ones, zeros = np.ones(9, int), np.zeros(9, int)
    assert score(constant([0.0, 90.0, 0.0]).probabilities(ones), ones).perplexity == pytest.approx(1)
    assert math.isfinite(score(constant([0.0, 1e30]).probabilities(zeros), zeros).perplexity)


def test_perplexity_is_the_exp_of_a_mean_and_stays_finite() -> None:
    assert perplexity(6.0, 3) == pytest.approx(math.e**2)
    assert math.isfinite(perplexity(1e9, 1))
    assert perplexity(0.0, 0) == 1


def test_songs_and_lines_add_up_to_the_text() -> None:
    text = "ab\n\ncde\nf\n\n\ng"
    ids = np.arange(len(text)) % 3
    probabilities = np.random.default_rng(0).random(len(text) - 1)
    whole = score(probabilities, ids)
    songs, lines = (parts(probabilities, ids, text, begins) for begins in ([0, 4, 12], [0, 3, 4, 8, 10, 11, 12]))
    assert [words for words, _ in songs] == ["ab", "cde\nf", "g"]
    assert [words for words, _ in lines] == ["ab", "cde", "f", "g"]
    assert sum(part.nats for _, part in songs) == pytest.approx(whole.nats)
    assert sum(part.characters for _, part in songs) == whole.characters
    assert lines[1][1].nats == pytest.approx(-np.log(probabilities[3:7]).sum())
    assert lines[0][1].characters == 2, "the text's first character has no context; its line end counts"


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_state_is_carried_through_the_whole_text(
    cell: str, random_checkpoint: Callable[..., Checkpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = random_checkpoint(cell=cell, layers=2)
    network = Recurrent(checkpoint.model, checkpoint.parameters)
    ids = np.random.default_rng(0).integers(1, len(checkpoint.vocabulary), 40)
    parameters = dict(checkpoint.parameters)
    expected = plain_loss(checkpoint.model, parameters, ids[:-1, None], ids[1:, None], network.initial_state())
    monkeypatch.setattr(recurrent, "CHUNK", 7)
    found = score(network.probabilities(ids), ids)
    assert found.nats == pytest.approx(expected, rel=1e-5)
    assert found.characters == 39


def test_accuracy_of_a_model_that_reads_forward(random_checkpoint: Callable[..., Checkpoint]) -> None:
    checkpoint = random_checkpoint()
    decoder, ids = checkpoint.decoder(), checkpoint.vocabulary.encode("山上的雨\n我们")
    state, hits = decoder.initial_state(1), 0
    for before, after in zip(ids, ids[1:]):
        logits, state = decoder.step(np.array([before]), state)
        hits += int(np.argmax(logits[0]) == after)
    assert accuracy(decoder, ids) == hits / (len(ids) - 1)
