"""What can write: anything that turns (ids, state) into (logits, state)."""

from __future__ import annotations

from typing import Protocol

from lyricgen.model.cells import Floats
from lyricgen.text.vocabulary import Ids


class Decoder(Protocol):
    """One character a step for N songs side by side; the state (L, S, N, H) is all it remembers."""

    def initial_state(self, batch_size: int = 1) -> Floats:
        """The state before any text."""
        ...

    def step(self, ids: Ids, state: Floats) -> tuple[Floats, Floats]:
        """ids (N,), state -> logits (N, V) of the next character, state after these."""
        ...
