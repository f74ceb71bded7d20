from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyricgen.text.batches import (
    BLANK_RATE,
    Batch,
    Shape,
    blank,
    consecutive_batches,
    count_batches,
    epoch_batches,
    fit,
    random_batches,
    sampled_batches,
)
from lyricgen.text.vocabulary import UNKNOWN

THIRTY = np.arange(30)


def rows(batch: Batch) -> list[list[int]]:
    return batch.x.T.tolist()  # type: ignore[no-any-return]


def test_consecutive_is_the_book_s_example() -> None:
    batches = list(consecutive_batches(THIRTY, batch_size=2, steps=6))
    assert [rows(batch) for batch in batches] == [
        [[0, 1, 2, 3, 4, 5], [15, 16, 17, 18, 19, 20]],
        [[6, 7, 8, 9, 10, 11], [21, 22, 23, 24, 25, 26]],
        [[12, 13], [27, 28]],
    ]


def test_random_gives_each_example_of_the_grid_once() -> None:
    batches = list(random_batches(THIRTY, batch_size=2, steps=6, rng=np.random.default_rng(0)))
    assert [batch.x.shape for batch in batches] == [(6, 2), (6, 2)]
    examples = sorted(row for batch in batches for row in rows(batch))
    assert examples == [list(range(start, start + 6)) for start in (0, 6, 12, 18)]


def test_random_order_changes_and_the_last_minibatch_may_be_short() -> None:
    def order(seed: int) -> list[int]:
        batches = random_batches(np.arange(100), batch_size=3, steps=9, rng=np.random.default_rng(seed))
        return [row[0] for batch in batches for row in rows(batch)]

    assert order(1) != order(2)
    assert order(1) == order(1)
    sizes = [b.x.shape[1] for b in random_batches(np.arange(100), batch_size=3, steps=9, rng=np.random.default_rng(0))]
    assert sizes == [3, 3, 3, 2]


@given(
    st.integers(2, 400),
    st.integers(1, 9),
    st.integers(1, 12),
    st.sampled_from(["random", "consecutive"]),
    st.integers(0, 99),
)
def test_y_is_x_one_on_and_nothing_is_seen_twice(
    length: int, batch_size: int, steps: int, sampling: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    shape = fit(length, batch_size=batch_size, steps=steps)
    batches = list(epoch_batches(np.arange(length), shape, sampling=sampling, rng=rng))
    assert batches
    seen = np.concatenate([batch.x.ravel() for batch in batches])
    assert len(set(seen.tolist())) == len(seen)
    for batch in batches:
        np.testing.assert_array_equal(batch.y, batch.x + 1)
        assert batch.x.shape[0] <= steps
        assert batch.x.shape[1] <= batch_size


@given(st.integers(2, 200), st.integers(1, 9), st.integers(1, 12), st.sampled_from(["random", "consecutive"]))
def test_minibatches_are_counted(length: int, batch_size: int, steps: int, sampling: str) -> None:
    shape = fit(length, batch_size=batch_size, steps=steps)
    batches = list(sampled_batches(np.arange(length), shape, sampling=sampling, rng=np.random.default_rng(0)))
    assert count_batches(length, shape, sampling=sampling) == len(batches)


@given(st.integers(20, 300), st.integers(1, 5), st.integers(1, 9), st.integers(0, 5))
def test_consecutive_rows_glued_together_are_the_corpus(length: int, batch_size: int, steps: int, offset: int) -> None:
    batches = list(consecutive_batches(np.arange(length), batch_size=batch_size, steps=steps, offset=offset))
    x = np.concatenate([batch.x for batch in batches])
    last = batches[-1].y[-1:]
    glued = np.concatenate([x, last]).T.ravel()
    assert glued.tolist() == list(range(offset, offset + len(glued)))
    assert length - offset - len(glued) < batch_size


@pytest.mark.parametrize("sampling", ["random", "consecutive"])
def test_over_the_epochs_no_character_is_left_out(sampling: str) -> None:
    ids = np.arange(107)
    predicted: set[int] = set()
    for epoch in range(60):
        rng = np.random.default_rng([1, epoch])
        for batch in epoch_batches(ids, Shape(4, 7), sampling=sampling, rng=rng):
            predicted |= set(batch.y.ravel().tolist())
    assert predicted == set(range(1, 107))


def test_a_small_text_shrinks_the_minibatch() -> None:
    assert fit(10_000, batch_size=32, steps=35) == (32, 35)
    assert fit(100, batch_size=32, steps=35) == (2, 35)
    assert fit(20, batch_size=32, steps=35) == (1, 19)
    assert fit(2, batch_size=32, steps=35) == (1, 1)


def test_what_occurred_once_is_hidden_at_a_rate() -> None:
    ids = np.array([1, 1, 2, 2, 3, 4, 5, 6] + [1, 2] * 50)
    hidden = []
    for seed in range(200):
        (batch,) = epoch_batches(
            ids,
            Shape(1, len(ids) - 1),
            sampling="random",
            rng=np.random.default_rng(seed),
            vocabulary_size=7,
            unknown_rate=0.25,
        )
        np.testing.assert_array_equal(batch.x[1:], batch.y[:-1])
        assert np.all((batch.y[:, 0] == ids[1:]) | (batch.y[:, 0] == UNKNOWN))
        hidden.append(np.count_nonzero(batch.y == UNKNOWN))
    assert np.mean(hidden) == pytest.approx(4 * 0.25, abs=0.2)


def test_blanks_are_the_same_in_what_is_read_before_and_behind() -> None:
    ids = np.arange(1, 4001).reshape(1000, 4)
    batch = blank(Batch(ids[:-1], ids[1:]), np.random.default_rng(1))
    np.testing.assert_array_equal(batch.x[1:], batch.y[:-1])
    assert np.mean(batch.x == UNKNOWN) == pytest.approx(BLANK_RATE, abs=0.02)
    assert np.all((batch.x == ids[:-1]) | (batch.x == UNKNOWN))
