from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyricgen.errors import FileError
from lyricgen.model import ngram
from lyricgen.model.ngram import NGram, estimate, levels_of

V = 6


def plain_discounts(counts: list[int]) -> list[float]:
    n = [sum(count == k for count in counts) for k in range(5)]
    if not all(n[1:]):
        return [0, 0.5, 1.0, 1.5]
    y = n[1] / (n[1] + 2 * n[2])
    found = [0, 1 - 2 * y * n[2] / n[1], 2 - 3 * y * n[3] / n[2], 3 - 4 * y * n[4] / n[3]]
    return found if all(0 < d < k for k, d in enumerate(found) if k) else [0, 0.5, 1.0, 1.5]


def plain_probability(text: tuple[int, ...], order: int, context: tuple[int, ...], w: int) -> float:
    """The formula at the head of the module, with dictionaries and one character at a time."""

    def grams(k: int) -> list[tuple[int, ...]]:
        return [text[i : i + k] for i in range(len(text) - k + 1)]

    def adjusted(k: int) -> Counter[tuple[int, ...]]:
        if k == order:
            return Counter(grams(k))
        left = {(gram[0], gram[1:]) for gram in grams(k + 1)}
        return Counter([gram for _, gram in left] + grams(k)[:1])

    def p(k: int, c: tuple[int, ...]) -> float:
        if k == 0:
            return float(w == 0)
        a = adjusted(k)
        d = plain_discounts(list(a.values()))
        after = {gram: count for gram, count in a.items() if gram[:-1] == c}
        total = sum(after.values())
        lower = p(k - 1, c[1:])
        if not total:
            return lower
        backoff = sum(d[min(count, 3)] for count in after.values()) / total
        own = a.get((*c, w), 0)
        return (own - d[min(own, 3)]) / total + backoff * lower

    k = min(order, len(context) + 1)
    return p(k, context[len(context) - k + 1 :])


def model(text: Any, order: int, size: int = V) -> NGram:
    return NGram(estimate(np.array(text), order, size), order, size)


TEXTS = st.lists(st.integers(1, V - 1), min_size=2, max_size=40)


@settings(deadline=None, max_examples=30)
@given(TEXTS, st.integers(1, 4), st.lists(st.integers(0, V - 1), min_size=2, max_size=6))
def test_every_probability_is_the_formula_s(text: list[int], order: int, said: list[int]) -> None:
    found = model(text, order)
    probabilities = found.probabilities(np.array(said))
    for place in range(1, len(said)):
        expected = plain_probability(tuple(text), order, tuple(said[:place]), said[place])
        assert probabilities[place - 1] == pytest.approx(expected, rel=1e-5, abs=1e-9)


@settings(deadline=None, max_examples=30)
@given(TEXTS, st.integers(1, 6), st.lists(st.integers(0, V - 1), min_size=2, max_size=8))
def test_probabilities_sum_to_one_and_are_those_of_the_score(text: list[int], order: int, said: list[int]) -> None:
    found = model(text, order)
    state = found.initial_state(1)
    for given_, following, scored in zip(said, said[1:], found.probabilities(np.array(said))):
        logits, state = found.step(np.array([given_]), state)
        probabilities = np.exp(logits.astype(np.float64))
        assert probabilities.sum() == pytest.approx(1, abs=1e-5)
        assert probabilities[0, following] == pytest.approx(scored, rel=1e-5)


def test_a_toy_corpus_by_hand() -> None:
    """abac, order 2. Bigrams ab, ba, ac once each: D(1) = 0.5. Left of a: the beginning and b; of b and c: a."""
    a, b, c, unknown = 1, 2, 3, 0
    found = model([a, b, a, c], 2, 4)
    unigrams = {a: (2 - 1.0) / 4, b: (1 - 0.5) / 4, c: (1 - 0.5) / 4, unknown: (1.0 + 0.5 + 0.5) / 4}
    assert sum(unigrams.values()) == 1
    after_a = {w: 0.5 * unigrams[w] + {b: 0.25, c: 0.25}.get(w, 0.0) for w in unigrams}
    for w, expected in after_a.items():
        assert found.probabilities(np.array([a, w]))[0] == pytest.approx(expected)
    assert found.probabilities(np.array([c, b]))[0] == pytest.approx(unigrams[b]), "c was never followed by anything"
    assert found.probabilities(np.array([unknown, b]))[0] == pytest.approx(unigrams[b])


def test_texts_side_by_side_are_those_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    found = model(rng.integers(1, V, 300), 4)
    rows = rng.integers(0, V, (12, 3))
    state = found.initial_state(3)
    for row in rows:
        logits, state = found.step(row, state)
    swapped = found.select(state, np.array([2, 2, 0]))
    for column in range(3):
        alone = found.initial_state(1)
        for row in rows:
            expected, alone = found.step(row[column : column + 1], alone)
        np.testing.assert_array_equal(logits[column], expected[0])
    np.testing.assert_array_equal(swapped, state[[2, 2, 0]])
    whole = found.probabilities(rows[:, 0])
    monkeypatch.setattr(ngram, "AT_ONCE", 5)
    np.testing.assert_array_equal(found.probabilities(rows[:, 0]), whole)


def test_an_order_longer_than_the_text_does_no_harm() -> None:
    found = model([1, 2], 9)
    assert found.probabilities(np.array([1, 2]))[0] > found.probabilities(np.array([1, 1]))[0] > 0


def test_longer_contexts_foresee_a_regular_text() -> None:
    text = np.tile([1, 2, 1, 3], 50)
    perplexities = [math.exp(-np.log(model(text, order).probabilities(text)).mean()) for order in (1, 2, 3)]
    assert perplexities[0] > perplexities[1] > perplexities[2]
    assert perplexities[2] < 1.1


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("ngram.2.first", lambda tensor: tensor[:-1]),
        ("ngram.2.first", lambda tensor: tensor[::-1]),
        ("ngram.2.first", lambda tensor: tensor + 1),
        ("ngram.2.first", lambda tensor: tensor.astype(np.float32)),
        ("ngram.2.characters", lambda tensor: tensor[::-1]),
        ("ngram.2.characters", lambda tensor: tensor[:, None]),
        ("ngram.2.characters", lambda tensor: tensor + np.uint8(200)),
        ("ngram.3.discounted", lambda tensor: tensor * np.float32(np.nan)),
        ("ngram.3.backoff", lambda tensor: tensor + 2),
        ("ngram.3.backoff", lambda tensor: tensor.astype(np.float64)),
        ("ngram.3.backoff", None),
        ("ngram.4.backoff", lambda tensor: tensor),
    ],
)
def test_tensors_that_do_not_fit_together_are_refused(name: str, change: Any) -> None:
    tensors = estimate(np.random.default_rng(0).integers(1, V, 60), 3, V)
    levels_of(tensors, 3, V)
    if change:
        tensors[name] = change(tensors.get(name, tensors["ngram.3.backoff"]))
    else:
        del tensors[name]
    with pytest.raises(FileError, match="damaged checkpoint"):
        levels_of(tensors, 3, V)


def test_the_first_id_beyond_the_vocabulary_is_refused() -> None:
    tensors = estimate(np.array([1, 2, 3, 1, 2, V - 1]), 2, V)
    levels_of(tensors, 2, V)
    with pytest.raises(FileError, match="damaged checkpoint"):
        levels_of(tensors, 2, V - 1)
