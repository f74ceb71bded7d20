"""The interface of models that write: (ids, state) -> (logits, state)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from lyricgen.model.parameters import Floats
from lyricgen.text.vocabulary import Ids

CHUNK = 512  # characters scored at once: their logits take V times as much


class Decoder(Protocol):
    """One character a step for N songs side by side; the state is opaque, and is all that a decoder remembers."""

    def initial_state(self, batch_size: int = 1) -> Any:
        """Return the state before any text."""
        ...

    def step(self, ids: Ids, state: Any) -> tuple[Floats, Any]:
        """ids (N,), state -> logits (N, V) of the next character, state after these; the old state stays valid."""
        ...

    def select(self, state: Any, rows: NDArray[np.intp]) -> Any:
        """Return the state of the songs ``rows``, in that order; a song may be repeated."""
        ...

    def join(self, states: Sequence[Any]) -> Any:
        """Join the states of several groups of songs into that of one."""
        ...

    def probabilities(self, ids: Ids) -> NDArray[np.float64]:
        """Return the probability of every character of a text (T,) after the first: (T - 1,)."""
        ...


@runtime_checkable
class Chunked(Protocol):
    """A model that scores many characters of a text at once, which is faster than a step for each."""

    def logit_chunks(self, ids: Ids) -> Iterator[Floats]:
        """Yield logits (T', V) of the characters of a text (T,) after the first (a decoder: ``CHUNK`` at a time)."""
        ...
