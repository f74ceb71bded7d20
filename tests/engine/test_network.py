"""Every engine against the plain equations: losses, gradients, chunks, dropout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.equations import plain_forward, plain_loss
from support.networks import ENGINES, ENGINES_AND_CELLS, MXNET_CELLS, D, H, V, build, minibatch, needs_mxnet

from lyricgen.config import ModelConfig, TrainConfig
from lyricgen.engine.network import Network, dropout_masks
from lyricgen.model.bidirectional import Bidirectional
from lyricgen.model.parameters import initial_state

T, N = 3, 9
RNG = np.random.default_rng(2)
IDS = RNG.integers(V, size=(T + 1, N))


def of_every_kind(test: Any) -> Any:
    """Run a test with every engine, cell, number of layers and output weight."""
    cells = (("engine", "cell", "reset"), ENGINES_AND_CELLS)
    for names, values in (("tie", [False, True]), ("layers", [1, 2]), cells):
        test = pytest.mark.parametrize(names, values)(test)
    return test


def random_state(network: Network) -> Any:
    return np.random.default_rng(4).normal(0, 0.7, network.initial_state(N).shape).astype(np.float32)


def nats_of(logits: Any, labels: Any) -> Any:
    """-ln p of labels (T, N) by logits (T, N, V)."""
    shifted = logits - logits.max(-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return -np.take_along_axis(log_p, labels[..., None], -1)[..., 0]


@of_every_kind
def test_nats_and_states_are_those_of_the_plain_equations(
    engine: str, cell: str, reset: str, layers: int, tie: bool
) -> None:
    network = build(engine, cell, reset, layers=layers, tie=tie)
    state = random_state(network)
    nats, after = network.nats(IDS[:-1], IDS[1:], state)
    expected, expected_state = plain_forward(network.config, network.parameters(), IDS[:-1], state)
    np.testing.assert_allclose(nats, nats_of(expected, IDS[1:]), atol=5e-6)
    np.testing.assert_allclose(after, expected_state, atol=2e-6)


def numeric_gradient(network: Network, loss: Any, count: int, nudge: float) -> Any:
    """(name, place, slope of the loss) for ``count`` places of every tensor."""
    parameters = network.parameters()
    for name, tensor in parameters.items():
        for place in np.random.default_rng(5).permutation(tensor.size)[:count]:
            losses = []
            for by in (nudge, -nudge):
                moved = tensor.astype(np.float64)
                moved.flat[place] += by
                losses.append(loss({**parameters, name: moved}))
            yield name, place, (losses[0] - losses[1]) / (2 * nudge)


@of_every_kind
def test_gradients_are_the_numeric_ones(engine: str, cell: str, reset: str, layers: int, tie: bool) -> None:
    network = build(engine, cell, reset, layers=layers, tie=tie)
    state = random_state(network)
    loss, after = network.backward(minibatch(IDS), state)

    def plain(parameters: Any) -> float:
        return plain_loss(network.config, parameters, IDS[:-1], IDS[1:], state)

    assert loss == pytest.approx(plain(network.parameters()), rel=1e-5)
    np.testing.assert_allclose(after, network.nats(IDS[:-1], IDS[1:], state)[1], atol=2e-6)
    gradients = network.views(network.gradient)
    for name, place, slope in numeric_gradient(network, plain, 12, 1e-5):
        assert gradients[name].flat[place] == pytest.approx(slope, rel=2e-3, abs=5e-4), (name, place)


@of_every_kind
def test_a_bidirectional_network_is_that_of_the_decoder(
    engine: str, cell: str, reset: str, layers: int, tie: bool
) -> None:
    """Nats, and gradients against numeric ones of the decoder in double precision."""
    network = build(engine, cell, reset, layers=layers, tie=tie, bidirectional=True)
    config, zero = network.config, initial_state(network.config, N)
    loss, _ = network.backward(minibatch(IDS), zero)

    def each(parameters: Any) -> Any:
        model = Bidirectional(config, {name: tensor.astype(np.float64) for name, tensor in parameters.items()})
        hidden, _ = model.hidden(IDS, zero, T)
        return nats_of(model.logits(hidden), IDS[1:])

    expected = each(network.parameters())
    np.testing.assert_allclose(network.nats(IDS[:-1], IDS[1:], zero, IDS[1:])[0], expected, atol=1e-5)
    assert loss == pytest.approx(float(expected.sum()), rel=1e-5)
    gradients = network.views(network.gradient)
    for name, place, slope in numeric_gradient(network, lambda p: float(each(p).sum()), 4, 1e-3):
        # The decoder's state stays in single precision.
        assert gradients[name].flat[place] == pytest.approx(slope, rel=3e-3, abs=3e-3), (name, place)


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_stands_behind_the_last_character_of_one_step(engine: str) -> None:
    network = build(engine, "lstm", bidirectional=True)
    network.backward(minibatch(IDS[:2]), network.initial_state(N))
    backward = {name: each for name, each in network.views(network.gradient).items() if name.startswith("backward")}
    assert backward
    assert not any(each.any() for each in backward.values())


@pytest.mark.parametrize(("engine", "cell", "reset"), ENGINES_AND_CELLS)
def test_a_sequence_is_its_chunks_with_the_state_carried(engine: str, cell: str, reset: str) -> None:
    network = build(engine, cell, reset, layers=2)
    ids = RNG.integers(V, size=(8, N))
    whole, _ = network.nats(ids[:-1], ids[1:], network.initial_state(N))
    first, state = network.nats(ids[:3], ids[1:4], network.initial_state(N))
    second, _ = network.nats(ids[3:-1], ids[4:], state)
    np.testing.assert_allclose(np.concatenate([first, second]), whole, atol=3e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_gradient_ends_at_the_state_that_a_minibatch_begins_with(engine: str) -> None:
    """Two minibatches of one step: the sum of their gradients is not that of one of two steps."""
    network = build(engine, "rnn")
    _, state = network.backward(minibatch(IDS[:2]), network.initial_state(N))
    first = network.gradient.copy()
    network.backward(minibatch(IDS[1:3]), state)
    apart = first + network.gradient
    network.backward(minibatch(IDS[:3]), network.initial_state(N))
    assert not np.allclose(network.gradient, apart, rtol=1e-3, atol=1e-3)


@needs_mxnet
@pytest.mark.parametrize(("cell", "reset"), MXNET_CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_both_engines_have_the_same_gradient_under_dropout(cell: str, reset: str, bidirectional: bool) -> None:
    networks = [build(engine, cell, reset, layers=2, bidirectional=bidirectional) for engine in ("mxnet", "numpy")]
    masks = dropout_masks(networks[0].config, TrainConfig(dropout=0.4), N, np.random.default_rng(1))
    state = random_state(networks[0])
    (loss, after), (other, other_after) = (each.backward(minibatch(IDS, masks), state) for each in networks)
    assert loss == pytest.approx(other, rel=1e-6)
    np.testing.assert_allclose(after, other_after, atol=2e-6)
    np.testing.assert_allclose(networks[0].gradient, networks[1].gradient, atol=3e-5)


@pytest.mark.parametrize("engine", ENGINES)
def test_masks_act_on_the_input_between_layers_and_on_the_output(engine: str) -> None:
    network = build(engine, "rnn", layers=2)
    ones = [np.ones((1, N, width), np.float32) for width in (D, H, H)]
    state = network.initial_state(N)

    def loss(masks: Any) -> float:
        return network.backward(minibatch(IDS, masks), state)[0]

    assert loss(ones) == loss(())
    for place in range(3):
        without = [*ones[:place], 0 * ones[place], *ones[place + 1 :]]
        assert loss(without) != pytest.approx(loss(()), rel=1e-3)
    only_bias = np.tile(network.parameters()["output.bias"], (T, N, 1))
    assert loss([*ones[:2], 0 * ones[2]]) == pytest.approx(nats_of(only_bias, IDS[1:]).sum(), rel=1e-5)


def test_dropout_is_locked_in_time_scaled_and_seeded() -> None:
    config = ModelConfig(hidden=300, embedding=200, layers=2)
    masks = dropout_masks(config, TrainConfig(dropout=0.25), 5, np.random.default_rng(1))
    assert [mask.shape for mask in masks] == [(1, 5, 200), (1, 5, 300), (1, 5, 300)]
    values = masks[1]
    assert set(np.unique(values)) == {0.0, np.float32(1 / 0.75)}
    assert values.mean() == pytest.approx(1, abs=0.1)
    assert dropout_masks(config, TrainConfig(dropout=0.0), 5, np.random.default_rng(1)) == ()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_hopeless_label_has_a_finite_loss(engine: str) -> None:
    network = build(engine, "rnn")
    network.views(network.vector)["output.bias"][:] = [1e4, *[0.0] * (V - 1)]
    loss, _ = network.backward(minibatch(np.full((2, N), 3)), network.initial_state(N))
    assert np.isfinite(loss)
    assert np.isfinite(network.gradient).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_parameters_come_back_as_a_copy(engine: str) -> None:
    network = build(engine, "lstm", layers=2, tie=True)
    before = network.parameters()
    network.vector[:] = 0
    assert all(tensor.any() for name, tensor in before.items())
    assert not any(tensor.any() for tensor in network.parameters().values())
