"""What MXNet's network has beside a gradient: steps, its loss, and copies on a device of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lyricgen.engine.engines import has_mxnet

if not has_mxnet():
    pytest.skip("MXNet is not installed", allow_module_level=True)

from support.networks import MXNET_CELLS, V, build, minibatch

from lyricgen.engine.mxnet.network import MxnetNetwork, cross_entropy, load_state, loss_gradient, save_state
from lyricgen.engine.mxnet.runtime import mx, nd
from lyricgen.model.recurrent import Recurrent

T, N = 3, 4
RNG = np.random.default_rng(2)


@pytest.mark.parametrize(("cell", "reset"), MXNET_CELLS)
def test_a_step_is_that_of_the_decoder(cell: str, reset: str) -> None:
    network = build("mxnet", cell, reset, layers=2)
    assert isinstance(network, MxnetNetwork)
    ours, state = Recurrent(network.config, network.parameters()), network.initial_state(N)
    for row in RNG.integers(V, size=(5, N)):
        expected, after = ours.step(row, state)
        logits, new = network.forward(row[None], load_state(state))
        np.testing.assert_allclose(logits.asnumpy(), expected, atol=1e-5)
        np.testing.assert_allclose(save_state(new), after, atol=2e-6)
        state = after


def test_the_loss_and_its_gradient_are_autograd_s() -> None:
    logits, labels = nd.array(RNG.normal(0, 3, (T * N, V))), RNG.integers(V, size=(T, N))
    logits.attach_grad()
    with mx.autograd.record():
        expected = nd.sum(cross_entropy(logits, labels))
    expected.backward()
    loss, gradient = loss_gradient(logits, labels)
    assert loss.asscalar() == pytest.approx(expected.asscalar(), rel=1e-5)
    np.testing.assert_allclose(gradient.asnumpy(), logits.grad.asnumpy(), atol=1e-5)


def test_copies_on_a_device_follow_the_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a GPU, whose arrays cannot lie in NumPy's memory."""
    shared = build("mxnet", "lstm", layers=2)
    fake: Any = type("Context", (), {"device_type": "gpu"})
    monkeypatch.setattr("lyricgen.engine.mxnet.network.mx.current_context", lambda: fake)
    copied = build("mxnet", "lstm", layers=2)
    ids = RNG.integers(V, size=(T + 1, N))
    for change in (0.0, 0.25):
        for each in (shared, copied):
            each.vector += np.float32(change)
        (loss, _), (other, _) = (each.backward(minibatch(ids), each.initial_state(N)) for each in (shared, copied))
        assert loss == other
        np.testing.assert_array_equal(shared.gradient, copied.gradient)
        nats = [each.nats(ids[:-1], ids[1:], each.initial_state(N))[0] for each in (shared, copied)]
        np.testing.assert_array_equal(*nats)
