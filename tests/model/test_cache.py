from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyricgen.model import cache

V = 5
TEXTS = st.lists(st.integers(0, V - 1), min_size=2, max_size=30)


def plain_distribution(said: list[int]) -> Counter[int]:
    """Every earlier place votes by the length of its agreement with the end, counted one character at a time."""
    votes: Counter[int] = Counter()
    for place in range(1, len(said)):
        length = 0
        while length < place and said[place - 1 - length] == said[len(said) - 1 - length]:
            length += 1
        if length:
            votes[said[place]] += math.exp(cache.SHARPNESS * min(length, cache.LONGEST))  # type: ignore[assignment]
    return votes


@settings(deadline=None)
@given(TEXTS)
def test_the_distribution_is_that_of_the_votes(said: list[int]) -> None:
    state = cache.initial_state(1)
    for identity in said:
        state = cache.extend(state, np.array([identity]))
    votes = plain_distribution(said)
    total = sum(votes.values()) or 1
    expected = [votes[w] / total for w in range(V)]
    np.testing.assert_allclose(cache.distribution(state, V)[0], expected, atol=1e-12)


@settings(deadline=None)
@given(TEXTS)
def test_the_score_of_a_text_is_its_steps(said: list[int]) -> None:
    found, lengths = cache.probabilities(np.array(said))
    state = cache.initial_state(1)
    for place, identity in enumerate(said[:-1]):
        state = cache.extend(state, np.array([identity]))
        assert found[place] == pytest.approx(cache.distribution(state, V)[0, said[place + 1]])
        assert lengths[place] == cache.longest(state)[0]


def test_a_refrain_is_found_again() -> None:
    refrain = [1, 2, 3, 1, 4, 2]
    state = cache.initial_state(2)
    for identity in [*refrain, 0, *refrain[:3]]:
        state = cache.extend(state, np.array([identity, 0]))
    assert cache.longest(state).tolist() == [3, 9]
    assert cache.distribution(state, V)[0].argmax() == 1
    chosen = cache.select(state, np.array([1, 0]))
    assert cache.longest(chosen).tolist() == [9, 3]


def test_the_window_bounds_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "WINDOW", 4)
    state = cache.initial_state(1)
    for identity in [1, 2, 3, 4, 3, 4, 3, 4]:
        state = cache.extend(state, np.array([identity]))
    assert state.history.shape == state.agreement.shape == (1, 4)
    assert cache.distribution(state, V)[0, 3] == 1
