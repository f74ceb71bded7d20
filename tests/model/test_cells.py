"""The NumPy network against the design's equations, gate by gate and unit by unit, and against itself in chunks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests_plain import plain_forward

from lyricgen.config import ModelConfig
from lyricgen.model.cells import sigmoid
from lyricgen.model.parameters import initial_parameters, initial_state, output_weight, parameter_shapes
from lyricgen.model.recurrent import Recurrent

T, N, D, H, V = 3, 4, 5, 6, 7
CELLS = [("rnn", "after"), ("gru", "after"), ("gru", "before"), ("lstm", "after")]


def network(cell: str, reset: str, **model: Any) -> tuple[ModelConfig, dict[str, Any], np.ndarray[Any, Any]]:
    config = ModelConfig(cell=cell, gru_reset=reset, **{"hidden": H, "embedding": D, **model})
    rng = np.random.default_rng(3)
    shapes = parameter_shapes(config, V)
    parameters = {name: rng.normal(0, 0.7, shape).astype(np.float32) for name, shape in shapes.items()}
    state = rng.normal(0, 0.7, initial_state(config, N).shape).astype(np.float32)
    return config, parameters, state


@pytest.mark.parametrize(("cell", "reset"), CELLS)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("tie", [False, True])
def test_the_equations(cell: str, reset: str, layers: int, tie: bool) -> None:
    config, parameters, state = network(cell, reset, layers=layers, tie=tie)
    ids = np.random.default_rng(0).integers(V, size=(T, N))
    recurrence = Recurrent(config, parameters)
    hidden, after = recurrence.hidden(ids, state)
    logits, expected = plain_forward(config, parameters, ids, state)
    np.testing.assert_allclose(recurrence.logits(hidden), logits, atol=2e-6)
    np.testing.assert_allclose(after, expected, atol=1e-6)


@pytest.mark.parametrize(("cell", "reset"), CELLS)
def test_a_sequence_is_its_chunks_and_its_steps(cell: str, reset: str) -> None:
    config, parameters, start = network(cell, reset, layers=2)
    recurrence = Recurrent(config, parameters)
    ids = np.random.default_rng(0).integers(V, size=(7, N))
    whole, end = recurrence.hidden(ids, start)
    first, state = recurrence.hidden(ids[:3], start)
    second, state = recurrence.hidden(ids[3:], state)
    np.testing.assert_allclose(np.concatenate([first, second]), whole, atol=1e-6)
    np.testing.assert_allclose(state, end, atol=1e-6)
    state = start
    for row, expected in zip(ids, whole):
        logits, state = recurrence.step(row, state)
        np.testing.assert_allclose(logits, recurrence.logits(expected), atol=2e-6)


def test_batch_rows_do_not_touch_one_another() -> None:
    config, parameters, start = network("lstm", "after", layers=2)
    recurrence = Recurrent(config, parameters)
    ids = np.random.default_rng(0).integers(V, size=(T, N))
    whole, _ = recurrence.hidden(ids, start)
    alone, _ = recurrence.hidden(ids[:, 2:3], start[:, :, 2:3])
    np.testing.assert_allclose(alone, whole[:, 2:3], atol=1e-6)


def test_shapes_with_every_dimension_different() -> None:
    shapes = parameter_shapes(ModelConfig(cell="lstm", hidden=H, embedding=D, layers=2, tie=True), V)
    assert shapes == {
        "embedding.weight": (V, D),
        "layers.0.input_weight": (4 * H, D),
        "layers.0.hidden_weight": (4 * H, H),
        "layers.0.input_bias": (4 * H,),
        "layers.0.hidden_bias": (4 * H,),
        "layers.1.input_weight": (4 * H, H),
        "layers.1.hidden_weight": (4 * H, H),
        "layers.1.input_bias": (4 * H,),
        "layers.1.hidden_bias": (4 * H,),
        "projection.weight": (D, H),
        "output.bias": (V,),
    }
    assert parameter_shapes(ModelConfig(cell="gru", hidden=H, tie=False), V)["output.weight"] == (V, H)
    assert "projection.weight" not in parameter_shapes(ModelConfig(hidden=H, tie=True), V)


def test_tied_output_is_the_embedding() -> None:
    config, parameters, _ = network("rnn", "after", embedding=H, tie=True)
    assert output_weight(config, parameters) is parameters["embedding.weight"]


def test_initial_parameters_are_bounded_seeded_and_open_the_forget_gate() -> None:
    config = ModelConfig(cell="lstm", hidden=H, embedding=D)
    first, second = (initial_parameters(config, V, np.random.default_rng(5)) for _ in range(2))
    for name, shape in parameter_shapes(config, V).items():
        assert first[name].shape == shape
        np.testing.assert_array_equal(first[name], second[name])
    assert np.abs(first["layers.0.input_weight"]).max() <= D**-0.5
    tied, own = (initial_parameters(ModelConfig(tie=tie), V, np.random.default_rng(5)) for tie in (True, False))
    assert np.abs(tied["embedding.weight"]).max() <= 256**-0.5 < 0.9 < np.abs(own["embedding.weight"]).max() <= 1
    assert first["layers.0.hidden_bias"].tolist() == [0.0] * H + [1.0] * H + [0.0] * 2 * H


def test_sigmoid_does_not_overflow() -> None:
    np.testing.assert_array_equal(sigmoid(np.array([-1e30, 0, 1e30], np.float32)), [0, 0.5, 1])
