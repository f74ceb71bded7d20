from __future__ import annotations

from typing import Any, Callable

import numpy as np
import pytest

from lyricgen.model.checkpoint import Checkpoint
from lyricgen.model.growing import grow
from lyricgen.model.probability import softmax
from lyricgen.model.recurrent import Recurrent
from lyricgen.text.vocabulary import UNKNOWN, Vocabulary


@pytest.mark.parametrize("model", [{"cell": "gru"}, {"cell": "lstm", "tie": False}, {"cell": "rnn", "embedding": 6}])
def test_what_was_known_keeps_its_proportions(
    model: dict[str, Any], random_checkpoint: Callable[..., Checkpoint]
) -> None:
    base = random_checkpoint("山水月", **model)
    vocabulary = base.vocabulary.union(Vocabulary("云山龙"))
    assert vocabulary.characters == "云山月水龙"
    parameters = grow(base, vocabulary, np.random.default_rng(1))
    grown, old = Recurrent(base.model, parameters), Recurrent(base.model, base.parameters)
    state, grown_state = old.initial_state(), grown.initial_state()
    known, new = vocabulary.encode("山水月"), vocabulary.encode("云龙")
    for character in "山水月山":
        logits, state = old.step(base.vocabulary.encode(character), state)
        grown_logits, grown_state = grown.step(vocabulary.encode(character), grown_state)
        before, after = softmax(logits[0])[base.vocabulary.encode("山水月")], softmax(grown_logits[0])
        np.testing.assert_allclose(after[known] / after[known].sum(), before / before.sum(), rtol=1e-4)
    rows = parameters["embedding.weight"][new]
    assert 0 < np.abs(rows).max() <= 1
    assert (rows[0] != rows[1]).all()
    shared = base.parameters["output.bias"][UNKNOWN] - np.log(3)
    np.testing.assert_allclose(parameters["output.bias"][[UNKNOWN, *new]], shared, rtol=1e-5)


def test_nothing_new_changes_nothing(random_checkpoint: Callable[..., Checkpoint]) -> None:
    base = random_checkpoint()
    for name, tensor in grow(base, base.vocabulary, np.random.default_rng(1)).items():
        np.testing.assert_array_equal(tensor, base.parameters[name])
