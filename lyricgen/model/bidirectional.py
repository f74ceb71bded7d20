"""A bidirectional network in NumPy, which fills blanks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lyricgen.config import ModelConfig
from lyricgen.model.cells import cell_of
from lyricgen.model.parameters import Floats, Parameters, initial_state, output_weight, stacks
from lyricgen.model.probability import probabilities_in_chunks
from lyricgen.model.recurrent import layer_of, unroll
from lyricgen.text.vocabulary import Ids

READ_AHEAD = 35  # characters that a bidirectional network reads at least behind each, as many as in its training


class Bidirectional:
    """A network that predicts each character from what stands before and after it (Schuster & Paliwal 1997).

    A stack of layers reads forward, another backward; a character is predicted from their last hidden states before it
    and after it, side by side, and so never from itself, however many layers there are.
    """

    def __init__(self, config: ModelConfig, parameters: Parameters) -> None:
        self.config = config
        self._cell = cell_of(config)
        self._embedding = parameters["embedding.weight"]
        self._stacks = [
            [layer_of(parameters, f"{stack}.{layer}") for layer in range(config.layers)] for stack in stacks(config)
        ]
        self._output = output_weight(config, parameters).T
        self._output_bias = parameters["output.bias"]

    def forward(self, ids: Ids, state: Floats) -> tuple[Floats, Floats]:
        """ids (T, N), state (L, S, N, H) -> hidden states after each (T, N, H), state after all."""
        return unroll(self._cell, self._stacks[0], self._embedding[ids], state)

    def backward(self, ids: Ids) -> Floats:
        """ids (T, N) -> hidden states (T + 1, N, H) that have read each id and those behind it; zero at the end."""
        nothing = np.zeros((1, ids.shape[1], self.config.hidden), np.float32)
        if not len(ids):
            return nothing
        zero = initial_state(self.config, ids.shape[1])
        read, _ = unroll(self._cell, self._stacks[1], self._embedding[ids[::-1]], zero)
        return np.concatenate([read[::-1], nothing])

    def hidden(self, ids: Ids, state: Floats, count: int) -> tuple[Floats, Floats]:
        """Return the states that predict each of the ``count`` characters after the first of a text (T, N).

        ``state`` (L, S, N, H) is that of the forward stack before the text. Returns hidden states (count, N, 2H) and
        the forward stack's state after ``count`` characters.
        """
        before, after = self.forward(ids[:count], state)
        return np.concatenate([before, self.backward(ids[2:])[:count]], axis=2), after

    def logits(self, hidden: Floats) -> Floats:
        """Hidden states (..., 2H) -> logits (..., V)."""
        return hidden @ self._output + self._output_bias

    def logit_chunks(self, ids: Ids) -> Iterator[Floats]:
        """Logits (T', V) of the characters of a text (T,) after the first, some at a time.

        All that stands before a character is read, and at least ``READ_AHEAD`` characters behind it.
        """
        state = initial_state(self.config, 1)
        for first in range(0, len(ids) - 1, READ_AHEAD):
            count = min(READ_AHEAD, len(ids) - 1 - first)
            hidden, state = self.hidden(ids[first : first + count + READ_AHEAD + 1, None], state, count)
            yield self.logits(hidden[:, 0])

    def probabilities(self, ids: Ids) -> NDArray[np.float64]:
        """Return the probability of every character of a text (T,) after the first, given both sides: (T - 1,)."""
        return probabilities_in_chunks(self.logit_chunks(ids), ids)
