"""The NumPy network against the design's equations, gate by gate and unit by unit, and against itself in chunks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.equations import plain_forward

from lyricgen.config import ModelConfig
from lyricgen.model.parameters import initial_state, parameter_shapes
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
    recurrent = Recurrent(config, parameters)
    hidden, after = recurrent.hidden(ids, state)
    logits, expected = plain_forward(config, parameters, ids, state)
    np.testing.assert_allclose(recurrent.logits(hidden), logits, atol=2e-6)
    np.testing.assert_allclose(after, expected, atol=1e-6)


@pytest.mark.parametrize(("cell", "reset"), CELLS)
def test_a_sequence_is_its_chunks_and_its_steps(cell: str, reset: str) -> None:
    config, parameters, start = network(cell, reset, layers=2)
    recurrent = Recurrent(config, parameters)
    ids = np.random.default_rng(0).integers(V, size=(7, N))
    whole, end = recurrent.hidden(ids, start)
    first, state = recurrent.hidden(ids[:3], start)
    second, state = recurrent.hidden(ids[3:], state)
    np.testing.assert_allclose(np.concatenate([first, second]), whole, atol=1e-6)
    np.testing.assert_allclose(state, end, atol=1e-6)
    state = start
    for row, expected in zip(ids, whole):
        logits, state = recurrent.step(row, state)
        np.testing.assert_allclose(logits, recurrent.logits(expected), atol=2e-6)


def test_batch_rows_do_not_touch_one_another() -> None:
    config, parameters, start = network("lstm", "after", layers=2)
    recurrent = Recurrent(config, parameters)
    ids = np.random.default_rng(0).integers(V, size=(T, N))
    whole, _ = recurrent.hidden(ids, start)
    alone, _ = recurrent.hidden(ids[:, 2:3], start[:, :, 2:3])
    np.testing.assert_allclose(alone, whole[:, 2:3], atol=1e-6)
