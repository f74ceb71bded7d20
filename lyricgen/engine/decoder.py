"""The very network that was trained, as a decoder: NumPy in, NumPy out."""

from __future__ import annotations

import numpy as np

from lyricgen.engine.network import Network, State
from lyricgen.engine.runtime import nd
from lyricgen.model.cells import Floats, initial_state
from lyricgen.text.vocabulary import Ids


class NetworkDecoder:
    """(ids, state) -> (logits, state) by MXNet; see ``lyricgen.model.cells.Recurrence`` for the shapes."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def initial_state(self, batch_size: int = 1) -> Floats:
        return initial_state(self._network.config, batch_size)

    def step(self, ids: Ids, state: Floats) -> tuple[Floats, Floats]:
        parts: State = [[nd.array(part[None]) for part in layer] for layer in state]
        logits, parts = self._network.forward(ids[None], parts)
        return logits.asnumpy(), np.stack([np.concatenate([p.asnumpy() for p in layer]) for layer in parts])
