from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from support.networks import ENGINES, needs_mxnet

from lyricgen.config import EngineConfig, ModelConfig, TrainConfig, choose_engine
from lyricgen.engine.engines import has_mxnet, network_of
from lyricgen.engine.network import Network
from lyricgen.engine.optimizer import Optimizer
from lyricgen.engine.pool import Pool
from lyricgen.engine.training import evaluate, learning_rate, train_epoch
from lyricgen.errors import DivergenceError
from lyricgen.model.parameters import initial_parameters, parameter_shapes
from lyricgen.model.recurrent import Recurrent
from lyricgen.model.scoring import score

V = 11
MXNET = pytest.param("mxnet", "after", marks=needs_mxnet)


def network(config: ModelConfig, parameters: Any, engine: str | None = None) -> Network:
    return network_of(
        engine or str(choose_engine(EngineConfig(), config, has_mxnet=has_mxnet()).engine), config, parameters, Pool(2)
    )


def random_network(engine: str | None = None, **model: Any) -> Network:
    config = ModelConfig(**{"hidden": 6, "embedding": 5, **model})
    return network(config, initial_parameters(config, V, np.random.default_rng(0)), engine)


def constant_network(logits: list[float]) -> Network:
    """A model whose logits are always these."""
    config = ModelConfig(hidden=6, embedding=5)
    shapes = parameter_shapes(config, len(logits))
    parameters = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    return network(config, {**parameters, "output.bias": np.array(logits, np.float32)})


def text(length: int) -> Any:
    return np.random.default_rng(1).integers(1, V, length)


def test_perplexity_of_a_uniform_model_is_v_and_of_a_sure_one_is_1() -> None:
    assert np.exp(evaluate(constant_network([0.0] * V), text(500)).mean()) == pytest.approx(V, rel=1e-5)
    sure = constant_network([0.0] * 3 + [60.0] + [0.0] * 7)
    assert np.exp(evaluate(sure, np.full(500, 3)).mean()) == pytest.approx(1, rel=1e-5)


def test_perplexity_is_a_mean_over_characters() -> None:
    """Minibatches of 3 and of 1 rows, a model that prices character 1 and 2 differently, learning rate next to none."""
    network = constant_network([0.0, 2.0, 0.0])
    ids = np.array([1, 1, 1, 1, 1, 1, 1, 2, 2])
    config = TrainConfig(batch_size=3, steps=2, sampling="random", lr=1e-20, seed=4)
    steps = list(train_epoch(network, Optimizer(config, network.vector), ids, config, 1))
    assert len({step.characters for step in steps}) == 2
    characters = sum(step.characters for step in steps)
    mean = sum(step.loss_sum for step in steps) / characters
    likely, rare = -math.log(math.e**2 / (math.e**2 + 2)), -math.log(1 / (math.e**2 + 2))
    assert characters == 8
    assert mean == pytest.approx((6 * likely + 2 * rare) / 8, rel=1e-5)


def test_the_gradient_of_a_short_minibatch_weighs_less() -> None:
    """Each character weighs 1 / (batch_size · steps), however many its minibatch has."""
    network = constant_network([0.0] * V)
    config = TrainConfig(batch_size=2, steps=6, sampling="consecutive", lr=1e-20, optimizer="sgd", clip=0.0)
    ids = np.full(46, 3)
    steps = list(train_epoch(network, Optimizer(config, network.vector), ids, config, 1))
    per_character = [step.gradient_norm / step.characters for step in steps]
    assert len({step.characters for step in steps}) > 1
    assert per_character == pytest.approx([per_character[0]] * len(steps), rel=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("length", [2, 100, 4097, 9001])
def test_evaluation_carries_the_state_as_the_decoder_s_score_does(length: int, engine: str) -> None:
    network = random_network(engine, cell="gru", layers=2)
    ids = text(length)
    expected = score(Recurrent(network.config, network.parameters()).probabilities(ids), ids)
    nats = evaluate(network, ids)
    assert len(nats) == expected.characters == length - 1
    tolerance = 1e-5 if length <= 8192 else 2e-3  # two rows side by side: the second begins from zero
    assert nats.sum() == pytest.approx(expected.nats, rel=tolerance)
    each = -np.log(Recurrent(network.config, network.parameters()).probabilities(ids))
    assert np.isclose(nats, each, atol=1e-4).mean() > (0.999 if length <= 8192 else 0.99)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("sampling", ["random", "consecutive"])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_every_cell_learns_the_alphabet(cell: str, sampling: str, optimizer: str, engine: str) -> None:
    network = random_network(engine, cell=cell)
    lr = 0.02 if optimizer == "adam" else 1.0
    config = TrainConfig(
        batch_size=4, steps=10, lr=lr, epochs=12, sampling=sampling, optimizer=optimizer, schedule="constant"
    )
    ids, updater = np.arange(400) % (V - 1) + 1, Optimizer(config, network.vector)
    for epoch in range(1, 13):
        list(train_epoch(network, updater, ids, config, epoch))
    assert np.exp(evaluate(network, ids).mean()) < 1.6


@pytest.mark.parametrize(("engine", "reset"), [("numpy", "after"), ("numpy", "before"), MXNET])
def test_the_same_seed_gives_the_same_model_bit_for_bit(reset: str, engine: str) -> None:
    def train(seed: int) -> Any:
        network = random_network(engine, cell="gru", gru_reset=reset)
        config = TrainConfig(dropout=0.3, batch_size=3, steps=5, seed=seed)
        optimizer = Optimizer(config, network.vector)
        for epoch in (1, 2):
            list(train_epoch(network, optimizer, text(200), config, epoch))
        return network.vector.copy()

    np.testing.assert_array_equal(train(7), train(7))
    assert not np.array_equal(train(7), train(8))


def test_learning_rates() -> None:
    constant, cosine = TrainConfig(lr=0.4, schedule="constant"), TrainConfig(lr=0.4, schedule="cosine")
    assert [learning_rate(constant, done) for done in (0, 0.5, 1)] == [0.4] * 3
    assert [learning_rate(cosine, done) for done in (0, 0.5, 1)] == pytest.approx([0.4, 0.2, 0.0])


def test_what_stands_once_is_read_as_unknown_so_that_the_unknown_is_learnt() -> None:
    """Ten characters once each, two of them often: the model expects the unknown, or else never."""

    def unknown_share(*, regularise: bool) -> float:
        config = TrainConfig(batch_size=2, steps=20, epochs=30, lr=0.02, schedule="constant", dropout=0.0)
        model = ModelConfig(hidden=6, embedding=5)
        reader = network(model, initial_parameters(model, 15, np.random.default_rng(0)))
        optimizer = Optimizer(config, reader.vector)
        ids = np.tile([1, 2, 1, 2, 3], 60)
        ids[4::30] = np.arange(10) + 4
        for epoch in range(1, 31):
            list(train_epoch(reader, optimizer, ids, config, epoch, regularise=regularise))
        return float(Recurrent(model, reader.parameters()).probabilities(np.array([1, 2, 1, 2, 0]))[-1])

    assert unknown_share(regularise=False) < 0.01 < 0.03 < unknown_share(regularise=True)


def test_divergence_is_named_with_its_epoch_and_rate() -> None:
    network = random_network(cell="rnn")
    config = TrainConfig(optimizer="sgd", lr=1e38, clip=0.0, schedule="constant", batch_size=2, steps=5)
    with pytest.raises(DivergenceError, match=r"epoch 3, step \d+, .*1e\+38.*--lr"):
        list(train_epoch(network, Optimizer(config, network.vector), text(200), config, 3))
