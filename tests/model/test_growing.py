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
def test_what_was_known_keeps_its_probabilities_and_what_is_new_shares_the_unknown_s(
    model: dict[str, Any], random_checkpoint: Callable[..., Checkpoint]
) -> None:
    base = random_checkpoint("山水月", **model)
    vocabulary = base.vocabulary.union(Vocabulary("云山龙"))
    assert vocabulary.characters == "云山月水龙"
    grown, old = Recurrent(base.model, grow(base, vocabulary)), Recurrent(base.model, base.parameters)
    known = "山水月"
    state, grown_state = old.initial_state(), grown.initial_state()
    for character in "山水云月山龙":
        logits, state = old.step(base.vocabulary.encode(character), state)
        grown_logits, grown_state = grown.step(vocabulary.encode(character), grown_state)
        before, after = softmax(logits[0]), softmax(grown_logits[0])
        np.testing.assert_allclose(after[vocabulary.encode(known)], before[base.vocabulary.encode(known)], rtol=1e-4)
        np.testing.assert_allclose(after[[UNKNOWN, *vocabulary.encode("云龙")]], before[UNKNOWN] / 3, rtol=1e-4)


def test_nothing_new_changes_nothing(random_checkpoint: Callable[..., Checkpoint]) -> None:
    base = random_checkpoint()
    for name, tensor in grow(base, base.vocabulary).items():
        np.testing.assert_array_equal(tensor, base.parameters[name])
