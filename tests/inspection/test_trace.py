"""States, gates and gradients against the plain equations and their numeric differences."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import pytest
from support.traces import CELLS, double, embedded, log_p, read_plainly, slopes

from lyricgen.inspection.saliency import by_known, known, memory
from lyricgen.inspection.trace import Weights
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
    (trace,) = Weights(checkpoint.model, checkpoint.parameters).traces(ids)
    states, gates = read_plainly(checkpoint.model, double(checkpoint), embedded(checkpoint, ids))
    for place, layer in enumerate(trace.layers):
        expected = np.array([[part[0] for part in each[place]] for each in states])
        np.testing.assert_allclose(layer.after, expected, atol=1e-5)
        opened = layer.gates()
        assert set(opened) == set(gates[0][place])
        for name, values in opened.items():
            np.testing.assert_allclose(values, np.concatenate([each[place][name] for each in gates]), atol=1e-5)
        assert layer.recurrence.keeps in (*opened, "")


def test_a_backward_stack_reads_from_the_end(random_checkpoint: Make) -> None:
    checkpoint, ids = sharp(random_checkpoint, cell="lstm", bidirectional=True)
    _, backward = Weights(checkpoint.model, checkpoint.parameters).traces(ids)
    states, _ = read_plainly(checkpoint.model, double(checkpoint), embedded(checkpoint, ids)[::-1], stack="backward")
    np.testing.assert_allclose(backward.hidden, np.concatenate([each[-1][0] for each in states]), atol=1e-5)


def test_weights_are_scaled(random_checkpoint: Make) -> None:
    checkpoint, ids = sharp(random_checkpoint, cell="rnn")
    (trace,) = Weights(checkpoint.model, checkpoint.parameters, 3.0).traces(ids)
    p = {name: value * (3 if name.endswith("hidden_weight") else 1) for name, value in double(checkpoint).items()}
    states, _ = read_plainly(checkpoint.model, p, embedded(checkpoint, ids))
    np.testing.assert_allclose(trace.hidden, np.concatenate([each[-1][0] for each in states]), atol=1e-5)


@pytest.mark.parametrize("model", [*CELLS, {"cell": "gru", "bidirectional": True}], ids=str)
def test_memory_is_the_gradient_by_embeddings(model: dict[str, Any], random_checkpoint: Make) -> None:
    checkpoint, ids = sharp(random_checkpoint, **model)
    weights = Weights(checkpoint.model, checkpoint.parameters)
    found = memory(weights, weights.traces(ids), ids, depth=4)
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
            assert found.before[character - 1, k - 1] == pytest.approx(expected, rel=1e-3, abs=1e-5)
            if found.behind is not None:
                expected = by_place[character - 1, character + k] if character + k < len(ids) else 0
                assert found.behind[character - 1, k - 1] == pytest.approx(expected, rel=1e-3, abs=1e-5)
    assert (found.behind is None) == (not checkpoint.model.bidirectional)


@pytest.mark.parametrize("model", CELLS, ids=str)
def test_gradients_by_states(model: dict[str, Any], random_checkpoint: Make) -> None:
    """Norms over the states of all layers, the memory cell apart, k steps before each prediction."""
    checkpoint, ids = sharp(random_checkpoint, **model)
    weights, x = Weights(checkpoint.model, checkpoint.parameters), embedded(checkpoint, ids)
    (trace,) = weights.traces(ids)
    above = by_known(weights, known(weights, (trace,)), ids)
    norms, _ = trace.norms_back(above, 3)
    for k in range(3):
        for t in range(len(above) - k):
            squares = 0.0
            for layer in range(checkpoint.model.layers):
                for unit in range(checkpoint.model.hidden):

                    def changed(step: float, unit: int = unit, layer: int = layer, t: int = t, k: int = k) -> Any:
                        def nudge(time: int, at: int, h: Any) -> Any:
                            return h + step * np.eye(h.shape[1])[unit] if (time, at) == (t, layer) else h

                        return log_p(checkpoint, x, ids, nudge)[t + k]

                    squares += float(slopes(changed)) ** 2
            if checkpoint.model.cell == "lstm":
                assert norms[t + k, k] >= np.sqrt(squares) * (1 - 1e-3)  # and the memory cell
            else:
                assert norms[t + k, k] == pytest.approx(np.sqrt(squares), rel=1e-3, abs=1e-5)
    for t in range(2):
        assert not norms[t, t + 1 :].any(), "nothing stands before the text"


def test_gradients_of_some_predictions_are_those_of_all(
    random_checkpoint: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in blocks of one prediction each."""
    checkpoint, ids = sharp(random_checkpoint, cell="lstm", layers=2)
    weights = Weights(checkpoint.model, checkpoint.parameters)
    (trace,) = weights.traces(ids)
    above = by_known(weights, known(weights, (trace,)), ids)
    whole = trace.norms_back(above, 5)
    monkeypatch.setattr("lyricgen.inspection.trace.NUMBERS_AT_ONCE", 1)
    for part, expected in zip(trace.norms_back(above[2:5], 5, first=2), whole):
        np.testing.assert_allclose(part, expected[2:5], rtol=1e-5)
