"""How far back gradients go."""

from __future__ import annotations

from typing import Callable

import numpy as np
import pytest
from support.command import SONG

from lyricgen.errors import FileError
from lyricgen.inspection.gradients import BACK, gradients
from lyricgen.inspection.saliency import by_known, known
from lyricgen.inspection.trace import Weights
from lyricgen.model.checkpoint import Checkpoint

Make = Callable[..., Checkpoint]


def test_the_mean_of_norms_over_layers(random_checkpoint: Make) -> None:
    checkpoint = random_checkpoint(cell="lstm", layers=2)
    ids = checkpoint.vocabulary.encode(SONG[: BACK + 8])
    found = gradients(checkpoint, ids, run="a")
    assert found.predicted == 7
    weights = Weights(checkpoint.model, checkpoint.parameters)
    (trace,) = weights.traces(ids)
    above = by_known(weights, known(weights, (trace,)), ids)
    norms, _ = trace.norms_back(above, BACK + 1)
    np.testing.assert_allclose(found.norms, norms[-7:].mean(axis=0), rtol=1e-4)
    assert found.shares.sum() == pytest.approx(1)
    assert found.shares[: found.reach(0.9)].sum() < 0.9 <= found.shares[: found.reach(0.9) + 1].sum() + 1e-12
    assert found.figures()["norms"] == found.norms.tolist()


def test_small_weights_let_gradients_vanish_and_large_ones_explode(random_checkpoint: Make) -> None:
    checkpoint = random_checkpoint(cell="rnn", hidden=48)
    ids = checkpoint.vocabulary.encode(SONG[: BACK + 20])
    small, large = (gradients(checkpoint, ids, run="a", scale=scale) for scale in (0.5, 5.0))
    assert small.norms[BACK] < 1e-12 * small.norms[0]
    assert large.norms[BACK] > 100 * large.norms[0]
    assert (small.name, large.name) == ("a × 0.5", "a × 5")


def test_a_text_that_is_too_short(random_checkpoint: Make) -> None:
    checkpoint = random_checkpoint()
    with pytest.raises(FileError, match="102"):
        gradients(checkpoint, checkpoint.vocabulary.encode(SONG[: BACK + 1]), run="a")
