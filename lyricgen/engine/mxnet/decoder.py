"""The very network that was trained, as a decoder: NumPy in, NumPy out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lyricgen.engine.mxnet.network import MxnetNetwork, load_state, save_state
from lyricgen.model.parameters import Floats
from lyricgen.model.probability import probabilities_of
from lyricgen.model.recurrent import States
from lyricgen.text.vocabulary import Ids

_AT_ONCE = 512


class NetworkDecoder(States):
    """(ids, state) -> (logits, state) by MXNet; see ``lyricgen.model.recurrent.Recurrent`` for the shapes."""

    def __init__(self, network: MxnetNetwork) -> None:
        self.config = network.config
        self._network = network

    def probabilities(self, ids: Ids) -> NDArray[np.float64]:
        """The probability of every character of a text (T,) after the first: (T - 1,)."""
        parts, state = [], load_state(self._network.initial_state(1))
        for first in range(0, len(ids) - 1, _AT_ONCE):
            chunk = ids[first : first + _AT_ONCE + 1]
            logits, state = self._network.forward(chunk[:-1, None], state)
            parts.append(probabilities_of(logits.asnumpy(), chunk[1:]))
        return np.concatenate(parts)

    def step(self, ids: Ids, state: Floats) -> tuple[Floats, Floats]:
        logits, after = self._network.forward(ids[None], load_state(state))
        return logits.asnumpy(), save_state(after)
