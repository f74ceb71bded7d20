from __future__ import annotations

from typing import Callable

import numpy as np
import pytest
from support.command import SONG

from lyricgen.inspection.expectation import GUESSES, expectation, of_logits
from lyricgen.model.bidirectional import Bidirectional
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.model.scoring import next_logits


@pytest.mark.parametrize("bidirectional", [False, True])
def test_surprisals_and_guesses_are_those_of_the_probabilities(
    bidirectional: bool, random_checkpoint: Callable[..., Checkpoint]
) -> None:
    """Over more characters than are computed at once, an unknown one among them."""
    checkpoint = random_checkpoint(bidirectional=bidirectional)
    model = Bidirectional(checkpoint.model, checkpoint.parameters) if bidirectional else checkpoint.decoder()
    ids = checkpoint.vocabulary.encode(SONG[:150] + "龙山")
    found = expectation(model, ids, "the model")
    assert found.name == "the model"
    np.testing.assert_allclose(found.bits, -np.log2(model.probabilities(ids)), rtol=1e-5)
    for logits, guesses, shares in zip(next_logits(model, ids), found.guesses, found.shares):
        p = np.exp(logits.astype(np.float64))
        p /= p.sum()
        np.testing.assert_array_equal(guesses, np.argsort(-p, kind="stable")[:GUESSES])
        np.testing.assert_allclose(shares, p[guesses])
    assert len(found.bits) == len(found.guesses) == len(ids) - 1


def test_equal_probabilities_are_in_the_order_of_their_ids_and_few_ids_are_all() -> None:
    logits = np.array([[1, 2, 1, 2], [0, -np.inf, 0, 0]], np.float32)
    found = of_logits(logits, np.array([0, 2, 1]))
    assert found.guesses.tolist() == [[1, 3, 0, 2], [0, 2, 3, 1]]
    assert found.bits[0] == pytest.approx(np.log2(2 * np.e + 2))
    assert 900 < found.bits[1] < 1000, "a probability of zero has a finite surprisal"
