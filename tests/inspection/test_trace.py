"""States, gates and gradients against the plain equations and their numeric differences."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import pytest
from inspection.plain import CELLS, double, embedded, log_p, read_plainly, slopes

from lyricgen.inspection.memory import by_known, known, memory
from lyricgen.inspection.trace import gradients_back, traces, weights_of
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.text.vocabulary import Ids

TEXT = "山上的雨\n雨落"
Make = Callable[..., Checkpoint]


def sharp(make: Make, **model: Any) -> tuple[Checkpoint, Ids]:
    """A checkpoint whose gates open and close more than with fresh weights, and a text."""
    checkpoint = make(**model)
    for name, value in checkpoint.parameters.items():
        if "bias" not in name:
            value *= 2
    return checkpoint, checkpoint.vocabulary.encode(TEXT)


@pytest.mark.parametrize("model", CELLS, ids=str)
def test_states_and_gates(model: dict[str, Any], random_checkpoint: Make) -> None:
    checkpoint, ids = sharp(random_checkpoint, **model)
    (trace,) = traces(weights_of(checkpoint.model, checkpoint.parameters), ids)
    states, gates = read_plainly(checkpoint.model, double(checkpoint), embedded(checkpoint, ids))
    for place, (layer, steps) in enumerate(zip(trace.layers, trace.steps())):
        expected = np.array([[part[0] for part in each[place]] for each in states])
        np.testing.assert_allclose(layer.after, expected, atol=1e-12)
        opened = steps.gates()
        assert set(opened) == set(gates[0][place])
        for name, values in opened.items():
            np.testing.assert_allclose(values, np.concatenate([each[place][name] for each in gates]), atol=1e-12)
        assert steps.keeps in (*opened, "")


def test_a_backward_stack_reads_from_the_end(random_checkpoint: Make) -> None:
    checkpoint, ids = sharp(random_checkpoint, cell="lstm", bidirectional=True)
    _, backward = traces(weights_of(checkpoint.model, checkpoint.parameters), ids)
    states, _ = read_plainly(checkpoint.model, double(checkpoint), embedded(checkpoint, ids)[::-1], stack="backward")
    np.testing.assert_allclose(backward.hidden, np.concatenate([each[-1][0] for each in states]), atol=1e-12)


def test_weights_are_scaled(random_checkpoint: Make) -> None:
    checkpoint, ids = sharp(random_checkpoint, cell="rnn")
    (trace,) = traces(weights_of(checkpoint.model, checkpoint.parameters, scale=3.0), ids)
    p = {name: value * (3 if name.endswith("hidden_weight") else 1) for name, value in double(checkpoint).items()}
    states, _ = read_plainly(checkpoint.model, p, embedded(checkpoint, ids))
    np.testing.assert_allclose(trace.hidden, np.concatenate([each[-1][0] for each in states]), atol=1e-12)


@pytest.mark.parametrize("model", [*CELLS, {"cell": "gru", "bidirectional": True}], ids=str)
def test_memory_is_the_gradient_by_embeddings(model: dict[str, Any], random_checkpoint: Make) -> None:
    checkpoint, ids = sharp(random_checkpoint, **model)
    weights = weights_of(checkpoint.model, checkpoint.parameters)
    found = memory(weights, traces(weights, ids), ids, depth=4)
    x = embedded(checkpoint, ids)
    by_place = np.zeros((len(ids) - 1, len(ids)))  # the norm of the gradient of each prediction by each embedding
    for place in range(len(ids)):

        def changed(step: float, place: int = place, at: int = 0) -> Any:
            nudged = x.copy()
            nudged[place, at] += step
            return log_p(checkpoint, nudged, ids)

        each = [slopes(lambda step, at=at: changed(step, at=at)) for at in range(x.shape[1])]
        by_place[:, place] = np.sqrt((np.array(each) ** 2).sum(axis=0))
    for character in range(1, len(ids)):
        for k in range(1, 5):
            expected = by_place[character - 1, character - k] if character >= k else 0
            assert found.before[character - 1, k - 1] == pytest.approx(expected, rel=1e-3, abs=1e-6)
            if found.behind is not None:
                expected = by_place[character - 1, character + k] if character + k < len(ids) else 0
                assert found.behind[character - 1, k - 1] == pytest.approx(expected, rel=1e-3, abs=1e-6)
    assert (found.behind is None) == (not checkpoint.model.bidirectional)


@pytest.mark.parametrize("model", CELLS, ids=str)
def test_gradients_by_states(model: dict[str, Any], random_checkpoint: Make) -> None:
    """In one go and in parts; k steps before each prediction."""
    checkpoint, ids = sharp(random_checkpoint, **model)
    weights = weights_of(checkpoint.model, checkpoint.parameters)
    read = traces(weights, ids)
    above, steps, x = by_known(weights, known(weights, read), ids), read[0].steps_back(), embedded(checkpoint, ids)
    for k, (by_states, _) in enumerate(gradients_back(steps, above, 3)):
        for layer, by_state in enumerate(by_states):
            for row, gradient in enumerate(by_state[:, 0]):

                def changed(step: float, unit: int, row: int = row, layer: int = layer) -> Any:
                    def nudge(t: int, at: int, h: Any) -> Any:
                        return h + step * np.eye(h.shape[1])[unit] if (t, at) == (row, layer) else h

                    return log_p(checkpoint, x, ids, nudge)[row + k]  # noqa: B023

                expected = [slopes(lambda step, unit=unit: changed(step, unit)) for unit in range(len(gradient))]
                np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-8)
    whole = list(gradients_back(steps, above, 5))
    for (by_states, by_input), (of_part, input_of_part) in zip(whole, gradients_back(steps, above[2:5], 5, first=2)):
        rows = slice(len(by_input) - (len(above) - 5) - len(input_of_part), len(by_input) - (len(above) - 5))
        np.testing.assert_allclose(input_of_part, by_input[rows], atol=1e-12)
        np.testing.assert_allclose(of_part[0], by_states[0][rows], atol=1e-12)
