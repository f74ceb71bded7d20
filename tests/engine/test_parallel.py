"""Threads that share a minibatch: the same as one thread with all of it."""

from __future__ import annotations

import numpy as np
import pytest
from support.networks import CELLS, V, build, minibatch

from lyricgen.engine.optimizer import global_norm
from lyricgen.engine.pool import Pool


@pytest.mark.parametrize(("cell", "reset"), CELLS)
@pytest.mark.parametrize("rows", [1, 7, 8, 19])
def test_any_number_of_threads_has_the_same_loss_gradient_and_state(cell: str, reset: str, rows: int) -> None:
    ids = np.random.default_rng(1).integers(V, size=(6, rows))
    alone, *others = (build("numpy", cell, reset, threads=threads) for threads in (1, 2, 3))
    loss, state = alone.backward(minibatch(ids), alone.initial_state(rows))
    nats, _ = alone.nats(ids[:-1], ids[1:], state)
    for each in others:
        theirs, after = each.backward(minibatch(ids), each.initial_state(rows))
        assert theirs == pytest.approx(loss, rel=1e-6)
        np.testing.assert_allclose(each.gradient, alone.gradient, atol=2e-5)
        np.testing.assert_allclose(after, state, atol=1e-6)
        np.testing.assert_allclose(each.nats(ids[:-1], ids[1:], state)[0], nats, atol=1e-5)


def test_the_same_threads_give_the_same_bits() -> None:
    ids = np.random.default_rng(1).integers(V, size=(9, 32))
    networks = [build("numpy", "gru", threads=3) for _ in range(2)]
    for each in networks:
        each.backward(minibatch(ids), each.initial_state(32))
    np.testing.assert_array_equal(*(each.gradient for each in networks))


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_parts_cover_everything_once_in_order(threads: int) -> None:
    for length in (1, 3, 8, 17):
        for multiple in (1, 4, 100):
            parts = Pool(threads).parts(length, multiple=multiple)
            assert [each for part in parts for each in range(length)[part]] == list(range(length))
            assert len(parts) <= threads
            assert all((part.stop - part.start) % multiple == 0 for part in parts[:-1])


def test_a_failure_in_another_thread_is_raised_here() -> None:
    with pytest.raises(ZeroDivisionError):
        Pool(2).map(lambda divisor: 1 / divisor, [1, 0])


def test_threads_do_not_change_the_norm() -> None:
    vector = np.random.default_rng(0).standard_normal(1_000_000, dtype=np.float32)
    norms = {round(global_norm(vector, Pool(threads)), 2) for threads in (1, 2, 3)}
    assert norms == {round(float(np.linalg.norm(vector.astype(float))), 2)}
