from __future__ import annotations

from typing import Callable

import numpy as np

from lyricgen.model.checkpoint import Checkpoint
from lyricgen.writing.form.state import FormState
from lyricgen.writing.search.hypotheses import DecoderOutput, Hypothesis, gather

Make = Callable[..., Checkpoint]


def test_rows_of_several_outputs_are_gathered_in_their_order(random_checkpoint: Make) -> None:
    decoder = random_checkpoint().decoder()
    outputs = []
    for ids in ([1, 2, 3], [4, 5]):
        logits, state = decoder.step(np.array(ids), decoder.initial_state(len(ids)))
        outputs.append(DecoderOutput(logits, state, np.array(ids)[:, None]))
    rows = [(0, 2), (0, 0), (1, 1), (0, 2)]
    found = gather(decoder, [Hypothesis(FormState(), outputs[output], row) for output, row in rows])
    assert found.recent[:, 0].tolist() == [3, 1, 5, 3]
    np.testing.assert_array_equal(found.logits, [outputs[output].logits[row] for output, row in rows])
    expected, _ = decoder.step(np.array([7] * 4), found.decoder_state)
    for row, (output, old) in enumerate(rows):
        state = decoder.select(outputs[output].decoder_state, np.array([old]))
        np.testing.assert_allclose(decoder.step(np.array([7]), state)[0][0], expected[row], rtol=1e-5, atol=1e-6)


def test_an_output_whose_rows_are_all_taken_is_not_copied(random_checkpoint: Make) -> None:
    decoder = random_checkpoint().decoder()
    logits, state = decoder.step(np.array([1, 2]), decoder.initial_state(2))
    output = DecoderOutput(logits, state, np.array([[1], [2]]))
    assert gather(decoder, [Hypothesis(FormState(), output, row) for row in (0, 1)]) is output
