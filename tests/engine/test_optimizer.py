from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyricgen.config import TrainConfig
from lyricgen.engine.optimizer import Optimizer, clipping_scale, global_norm
from lyricgen.engine.pool import Pool


def floats(values: object) -> Any:
    return np.array(values, np.float32)


@settings(deadline=None, max_examples=25)
@given(st.floats(0.01, 100), st.floats(0.01, 100))
def test_clipping_brings_the_norm_to_theta_and_keeps_the_direction(size: float, clip: float) -> None:
    before = floats(np.random.default_rng(0).normal(0, size, 50))
    norm = np.linalg.norm(before)
    scaled = before * clipping_scale(global_norm(before), clip)
    assert np.linalg.norm(scaled) == pytest.approx(min(norm, clip), rel=1e-4)
    np.testing.assert_allclose(scaled / np.linalg.norm(scaled), before / norm, rtol=1e-4)


def test_no_clipping_and_no_gradient() -> None:
    zero = global_norm(floats([0, 0, 0]))
    assert clipping_scale(global_norm(floats([3.0, 4.0])), 0.0) == 1
    assert clipping_scale(zero, 0.5) == 1
    assert global_norm(floats([3.0, 4.0])) == 5


@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_a_gradient_that_is_not_finite_changes_nothing(name: str) -> None:
    vector = floats([1.0, 2.0])
    optimizer = Optimizer(TrainConfig(optimizer=name), vector)
    norm, is_clipped = optimizer.step(floats([math.nan, 1.0]), lr=0.5)
    assert not math.isfinite(norm)
    assert not is_clipped
    assert vector.tolist() == [1.0, 2.0]
    assert optimizer.count == 0


def test_sgd_is_a_step_down_the_clipped_gradient() -> None:
    vector = floats([1.0, 2.0])
    optimizer = Optimizer(TrainConfig(optimizer="sgd", clip=1.0), vector)
    assert optimizer.step(floats([6.0, 8.0]), lr=0.5, divisor=2) == (5, True)
    np.testing.assert_allclose(vector, [1 - 0.5 * 0.6, 2 - 0.5 * 0.8], rtol=1e-6)


@pytest.mark.parametrize(("clip", "expected"), [(4.9, True), (5.0, False), (9.0, False), (0.0, False)])
def test_a_step_is_clipped_whose_norm_is_above_theta(clip: float, expected: bool) -> None:
    optimizer = Optimizer(TrainConfig(clip=clip), floats([1.0, 2.0]))
    assert optimizer.step(floats([3.0, 4.0]), lr=0.1) == (5, expected)


def test_adam_is_the_paper_s_algorithm() -> None:
    rng = np.random.default_rng(1)
    gradients, start = rng.normal(size=(5, 8)), rng.normal(size=8)
    vector = floats(start)
    optimizer = Optimizer(TrainConfig(clip=2.0), vector)
    expected, mean, variance = start.copy(), np.zeros(8), np.zeros(8)
    for t, gradient in enumerate(gradients, 1):
        optimizer.step(floats(gradient), lr=0.1 / t)
        clipped = gradient * min(1, 2.0 / np.linalg.norm(gradient))
        mean = 0.9 * mean + 0.1 * clipped
        variance = 0.999 * variance + 0.001 * clipped**2
        step = 0.1 / t * (mean / (1 - 0.9**t)) / (np.sqrt(variance / (1 - 0.999**t)) + 1e-8)
        expected -= step
    np.testing.assert_allclose(vector, expected, rtol=1e-4)


@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_threads_and_blocks_do_not_change_a_step(name: str) -> None:
    rng, size = np.random.default_rng(1), 300_001
    gradient, start = (rng.standard_normal(size, dtype=np.float32) for _ in range(2))
    vectors = []
    for threads in (1, 2, 3):
        vector = start.copy()
        optimizer = Optimizer(TrainConfig(optimizer=name, clip=0.0), vector, Pool(threads))
        for _ in range(2):
            optimizer.step(gradient, 0.1)
        vectors.append(vector)
    assert (vectors[0] != start).all()
    for other in vectors[1:]:
        np.testing.assert_array_equal(other, vectors[0])


@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_a_restored_optimizer_goes_on_bit_for_bit(name: str) -> None:
    config, rng = TrainConfig(optimizer=name), np.random.default_rng(1)
    gradients = [floats(gradient) for gradient in rng.normal(size=(6, 9))]
    vector = floats(rng.normal(size=9))
    first = Optimizer(config, vector)
    for gradient in gradients[:3]:
        first.step(gradient, 0.1)
    copy = vector.copy()
    second = Optimizer(config, copy)
    second.restore(first.state(), first.count)
    for gradient in gradients[3:]:
        first.step(gradient.copy(), 0.1)
        second.step(gradient.copy(), 0.1)
    np.testing.assert_array_equal(copy, vector)
