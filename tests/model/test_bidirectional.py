from __future__ import annotations

from typing import Callable

import numpy as np
import pytest

from lyricgen.model import scoring
from lyricgen.model.bidirectional import READ_AHEAD, Bidirectional
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.model.parameters import initial_state

Make = Callable[..., Checkpoint]


def both_sides(make: Make, **options: object) -> tuple[Checkpoint, Bidirectional]:
    checkpoint = make(bidirectional=True, **options)
    return checkpoint, Bidirectional(checkpoint.model, checkpoint.parameters)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("tie", [True, False])
def test_a_character_is_predicted_from_all_others_and_never_from_itself(
    cell: str, layers: int, tie: bool, random_checkpoint: Make
) -> None:
    checkpoint, model = both_sides(random_checkpoint, cell=cell, layers=layers, tie=tie)
    ids = np.random.default_rng(1).integers(1, len(checkpoint.vocabulary), 9)
    (logits,) = model.logit_chunks(ids)
    for place in range(1, 9):
        changed = ids.copy()
        changed[place] = changed[place] % (len(checkpoint.vocabulary) - 1) + 1
        moved = np.abs(next(model.logit_chunks(changed)) - logits).max(axis=1)
        assert moved[place - 1] == 0
        assert np.all(np.delete(moved, place - 1) > 0)


def test_a_long_text_is_predicted_in_pieces(random_checkpoint: Make) -> None:
    """What stands farther behind a character than READ_AHEAD may be left out, what stands before it never is."""
    checkpoint, model = both_sides(random_checkpoint, cell="lstm")
    ids = np.random.default_rng(1).integers(1, len(checkpoint.vocabulary), 3 * READ_AHEAD)
    pieces = np.concatenate(list(model.logit_chunks(ids)))
    assert len(pieces) == len(ids) - 1
    hidden, _ = model.hidden(ids[:, None], initial_state(checkpoint.model, 1), len(ids) - 1)
    np.testing.assert_allclose(pieces, model.logits(hidden)[:, 0], atol=2e-3)
    np.testing.assert_allclose(pieces[-READ_AHEAD:], model.logits(hidden)[-READ_AHEAD:, 0], atol=1e-6)
    probabilities = model.probabilities(ids)
    rows = np.exp(pieces.astype(float))
    np.testing.assert_allclose(probabilities, (rows / rows.sum(1, keepdims=True))[np.arange(len(rows)), ids[1:]])
    assert scoring.accuracy(model, ids) == np.mean(pieces.argmax(1) == ids[1:])
