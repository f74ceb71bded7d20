"""MXNet's network against the plain equations: forward, gradients, chunks, dropout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests_plain import plain_forward, plain_loss

from lyricgen.config import ModelConfig, TrainConfig
from lyricgen.engine.decoder import NetworkDecoder
from lyricgen.engine.network import Network, cross_entropy, detach, dropout_masks, loss_gradient
from lyricgen.engine.runtime import mx, nd
from lyricgen.model.bidirectional import Bidirectional
from lyricgen.model.parameters import initial_parameters, initial_state, parameter_shapes
from lyricgen.model.recurrent import Recurrent

T, N, D, H, V = 3, 4, 5, 6, 7
CELLS = [("rnn", "after"), ("gru", "after"), ("gru", "before"), ("lstm", "after")]
RNG = np.random.default_rng(2)
IDS, LABELS = RNG.integers(V, size=(2, T, N))


def build(cell: str, reset: str, **model: Any) -> tuple[ModelConfig, dict[str, Any], Network]:
    config = ModelConfig(cell=cell, gru_reset=reset, **{"hidden": H, "embedding": D, **model})
    rng = np.random.default_rng(3)
    shapes = parameter_shapes(config, V)
    parameters = {name: rng.normal(0, 0.7, shape).astype(np.float32) for name, shape in shapes.items()}
    return config, parameters, Network(config, parameters)


def start_state(config: ModelConfig) -> tuple[Any, list[list[Any]]]:
    state = np.random.default_rng(4).normal(0, 0.7, initial_state(config, N).shape).astype(np.float32)
    return state, [[nd.array(part[None]) for part in layer] for layer in state]


@pytest.mark.parametrize(("cell", "reset"), CELLS)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("tie", [False, True])
def test_forward_is_the_plain_equations(cell: str, reset: str, layers: int, tie: bool) -> None:
    config, parameters, network = build(cell, reset, layers=layers, tie=tie)
    state, parts = start_state(config)
    logits, after = network.forward(IDS, parts)
    expected, expected_state = plain_forward(config, parameters, IDS, state)
    np.testing.assert_allclose(logits.asnumpy().reshape(T, N, V), expected, atol=3e-6)
    found = np.array([[part[0].asnumpy() for part in layer] for layer in after])
    np.testing.assert_allclose(found, expected_state, atol=2e-6)


@pytest.mark.parametrize(("cell", "reset"), CELLS)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("tie", [False, True])
def test_gradients_are_the_numeric_ones(cell: str, reset: str, layers: int, tie: bool) -> None:
    config, parameters, network = build(cell, reset, layers=layers, tie=tie)
    state, parts = start_state(config)
    with mx.autograd.record():
        logits, _ = network.forward(IDS, parts)
    loss, head = loss_gradient(logits, LABELS)
    logits.backward(head)
    assert float(loss.asscalar()) == pytest.approx(plain_loss(config, parameters, IDS, LABELS, state), rel=1e-5)
    gradient = network.gradient.asnumpy()
    offsets = np.cumsum([0, *(np.prod(shape) for shape in network.shapes.values())])
    for name, begin in zip(network.shapes, offsets):
        tensor = parameters[name].astype(np.float64)
        for place in np.random.default_rng(5).permutation(tensor.size)[:12]:
            losses = []
            for nudge in (1e-5, -1e-5):
                moved = tensor.copy()
                moved.flat[place] += nudge
                losses.append(plain_loss(config, {**parameters, name: moved}, IDS, LABELS, state))
            numeric = (losses[0] - losses[1]) / 2e-5
            assert gradient[begin + place] == pytest.approx(numeric, rel=2e-3, abs=2e-4), (name, place)


@pytest.mark.parametrize(("cell", "reset"), CELLS)
def test_a_sequence_is_its_chunks_with_the_state_carried(cell: str, reset: str) -> None:
    _config, _, network = build(cell, reset, layers=2)
    ids = RNG.integers(V, size=(7, N))
    whole, _ = network.forward(ids, network.initial_state(N))
    first, state = network.forward(ids[:3], network.initial_state(N))
    second, _ = network.forward(ids[3:], detach(state))
    glued = np.concatenate([first.asnumpy(), second.asnumpy()])
    np.testing.assert_allclose(glued, whole.asnumpy(), atol=2e-6)


def test_detached_state_lets_no_gradient_through() -> None:
    _, _, network = build("rnn", "after")

    def gradient_of_second(cut: bool) -> Any:
        with mx.autograd.record():
            _, state = network.forward(IDS[:1], network.initial_state(N))
            logits, _ = network.forward(IDS[1:2], detach(state) if cut else state)
            cross_entropy(logits, LABELS[1:2]).backward()
        return network.gradient.asnumpy()

    assert not np.allclose(gradient_of_second(cut=True), gradient_of_second(cut=False))


@pytest.mark.parametrize(("cell", "reset"), CELLS)
def test_both_decoders_agree(cell: str, reset: str) -> None:
    config, parameters, network = build(cell, reset, layers=2)
    ours, theirs = Recurrent(config, parameters), NetworkDecoder(network)
    states = [ours.initial_state(N), theirs.initial_state(N)]
    for row in RNG.integers(V, size=(5, N)):
        (logits, states[0]), (other, states[1]) = ours.step(row, states[0]), theirs.step(row, states[1])
        np.testing.assert_allclose(logits, other, atol=3e-6)
        np.testing.assert_allclose(states[0], states[1], atol=2e-6)


def test_parameters_come_back_as_they_went_in() -> None:
    _, parameters, network = build("lstm", "after", layers=2, tie=True)
    for name, tensor in network.parameters().items():
        np.testing.assert_array_equal(tensor, parameters[name])


def test_the_loss_and_its_gradient_are_autograd_s() -> None:
    logits = nd.array(RNG.normal(0, 3, (T * N, V)))
    logits.attach_grad()
    with mx.autograd.record():
        expected = nd.sum(cross_entropy(logits, LABELS))
    expected.backward()
    loss, gradient = loss_gradient(logits, LABELS)
    assert loss.asscalar() == pytest.approx(expected.asscalar(), rel=1e-5)
    np.testing.assert_allclose(gradient.asnumpy(), logits.grad.asnumpy(), atol=1e-5)
    hopeless = nd.array(np.where(np.arange(V) == LABELS.ravel()[:, None], -1e4, 0.0))
    assert np.isfinite(loss_gradient(hopeless, LABELS)[0].asscalar())


def test_dropout_is_locked_in_time_scaled_and_seeded() -> None:
    config = ModelConfig(hidden=300, embedding=200, layers=2)
    network = Network(config, initial_parameters(config, V, RNG))
    masks = dropout_masks(network, TrainConfig(dropout=0.25), 5, np.random.default_rng(1))
    assert masks is not None
    assert [mask.shape for mask in masks] == [(1, 5, 200), (1, 5, 300), (1, 5, 300)]
    values = masks[1]
    assert set(np.unique(values)) == {0.0, np.float32(1 / 0.75)}
    assert values.mean() == pytest.approx(1, abs=0.1)
    assert dropout_masks(network, TrainConfig(dropout=0.0), 5, np.random.default_rng(1)) == ()


def test_masks_act_on_the_input_between_layers_and_on_the_output() -> None:
    _, parameters, network = build("rnn", "after", layers=2)
    ones = [nd.ones((1, N, D)), nd.ones((1, N, H)), nd.ones((1, N, H))]
    state = network.initial_state(N)
    free = network.forward(IDS, state)[0].asnumpy()
    np.testing.assert_array_equal(network.forward(IDS, state, ones)[0].asnumpy(), free)
    for place in range(3):
        masks = [*ones[:place], nd.zeros_like(ones[place]), *ones[place + 1 :]]
        assert not np.allclose(network.forward(IDS, state, masks)[0].asnumpy(), free)
    masks = [*ones[:2], nd.zeros_like(ones[2])]
    only_bias = np.tile(parameters["output.bias"], (T * N, 1))
    np.testing.assert_allclose(network.forward(IDS, state, masks)[0].asnumpy(), only_bias, atol=1e-6)


@pytest.mark.parametrize(("cell", "reset"), CELLS)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("tie", [False, True])
def test_both_halves_of_a_bidirectional_network_agree(cell: str, reset: str, layers: int, tie: bool) -> None:
    """Logits, and gradients against numeric ones of the NumPy half in double precision."""
    config, parameters, network = build(cell, reset, layers=layers, tie=tie, bidirectional=True)
    text = np.concatenate([IDS, LABELS])
    with mx.autograd.record():
        logits, _ = network.forward(text[:-3], network.initial_state(N), following=text[1:])
    loss, head = loss_gradient(logits, text[1:-2])
    logits.backward(head)

    def plain(parameters: dict[str, Any]) -> Any:
        model = Bidirectional(config, {name: tensor.astype(np.float64) for name, tensor in parameters.items()})
        hidden, _ = model.hidden(text, initial_state(config, N), len(text) - 3)
        return model.logits(hidden)

    def nats(parameters: dict[str, Any]) -> float:
        rows = plain(parameters).reshape(-1, V)
        rows -= np.log(np.exp(rows).sum(axis=1, keepdims=True))
        return float(-rows[np.arange(len(rows)), text[1:-2].ravel()].sum())

    np.testing.assert_allclose(logits.asnumpy(), plain(parameters).reshape(-1, V), atol=1e-5)
    assert float(loss.asscalar()) == pytest.approx(nats(parameters), rel=1e-5)
    gradient = network.gradient.asnumpy()
    offsets = np.cumsum([0, *(np.prod(shape) for shape in network.shapes.values())])
    for name, begin in zip(network.shapes, offsets):
        tensor = parameters[name].astype(np.float64)
        for place in np.random.default_rng(5).permutation(tensor.size)[:4]:
            losses = []
            for nudge in (1e-3, -1e-3):  # the LSTM's state stays in single precision
                moved = tensor.copy()
                moved.flat[place] += nudge
                losses.append(nats({**parameters, name: moved}))
            numeric = (losses[0] - losses[1]) / 2e-3
            assert gradient[begin + place] == pytest.approx(numeric, rel=2e-3, abs=2e-3), (name, place)
