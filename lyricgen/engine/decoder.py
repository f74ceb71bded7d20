"""The very network that was trained, as a decoder: NumPy in, NumPy out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lyricgen.engine.network import Network, load_state, save_state
from lyricgen.model.cells import Floats, initial_state, picked
from lyricgen.text.vocabulary import Ids

_AT_ONCE = 512


class NetworkDecoder:
    """(ids, state) -> (logits, state) by MXNet; see ``lyricgen.model.cells.Recurrence`` for the shapes."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def initial_state(self, batch_size: int = 1) -> Floats:
        return initial_state(self._network.config, batch_size)

    def select(self, state: Floats, rows: NDArray[np.intp]) -> Floats:
        """The state of those songs."""
        selected: Floats = state[:, :, rows]
        return selected

    def join(self, states: Sequence[Floats]) -> Floats:
        """The states of several groups of songs as that of one."""
        return np.concatenate(states, axis=2)

    def probabilities(self, ids: Ids) -> NDArray[np.float64]:
        """The probability of every character of a text (T,) after the first: (T - 1,)."""
        parts, state = [], self._network.initial_state(1)
        for first in range(0, len(ids) - 1, _AT_ONCE):
            chunk = ids[first : first + _AT_ONCE + 1]
            logits, state = self._network.forward(chunk[:-1, None], state)
            parts.append(picked(logits.asnumpy(), chunk[1:]))
        return np.concatenate(parts)

    def step(self, ids: Ids, state: Floats) -> tuple[Floats, Floats]:
        logits, after = self._network.forward(ids[None], load_state(state))
        return logits.asnumpy(), save_state(after)
