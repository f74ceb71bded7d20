"""Hypotheses: unfinished songs that a decoder continues side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.model.decoder import Decoder
from lyricgen.model.parameters import Floats
from lyricgen.text.vocabulary import Ids
from lyricgen.writing.form.state import FormState

NO_ID = -1  # before the beginning of the text


class DecoderOutput(NamedTuple):
    """What the decoder returned for N songs, and their recent characters."""

    logits: Floats  # (N, V)
    decoder_state: Any
    recent: Ids  # (N, W)


class Hypothesis(NamedTuple):
    """A song as far as it is written."""

    state: FormState
    output: DecoderOutput  # shared with other hypotheses
    row: int  # of this one in the output
    nats: float = 0.0  # ln p of what a draft has written of its line
    before: Hypothesis | None = None  # the draft before its last character, where its ending may be rewritten
    is_rewritten: bool = False  # whether the ending of the draft did not rhyme at first
    copies: bool = False  # whether the draft had to copy more of the training text than it should


def gather(decoder: Decoder, hypotheses: Sequence[Hypothesis]) -> DecoderOutput:
    """The output whose rows are these hypotheses, in this order."""
    runs: list[tuple[DecoderOutput, list[int]]] = []
    for hypothesis in hypotheses:
        if not runs or runs[-1][0] is not hypothesis.output:
            runs.append((hypothesis.output, []))
        runs[-1][1].append(hypothesis.row)
    parts = [_select(decoder, output, np.array(rows)) for output, rows in runs]
    if len(parts) == 1:
        return parts[0]
    logits, decoder_states, recent = zip(*parts)
    return DecoderOutput(np.concatenate(logits), decoder.join(decoder_states), np.concatenate(recent))


def _select(decoder: Decoder, output: DecoderOutput, rows: NDArray[np.intp]) -> DecoderOutput:
    if len(rows) == len(output.logits) and np.array_equal(rows, np.arange(len(rows))):
        return output
    return DecoderOutput(output.logits[rows], decoder.select(output.decoder_state, rows), output.recent[rows])
