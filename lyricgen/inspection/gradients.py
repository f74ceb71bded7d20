"""How far back a network looks: the gradient of its predictions by its earlier states (Bengio et al. 1994)."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lyricgen.errors import FileError
from lyricgen.inspection.saliency import by_known, known
from lyricgen.inspection.trace import Weights
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.text.vocabulary import Ids

BACK = 100  # characters
PREDICTED = 500  # characters whose gradients are followed


def check_length(ids: Ids, before: int) -> None:
    """Raise FileError for a text (T,) that is not longer than ``before`` + 1 characters."""
    if len(ids) < before + 2:
        has = f"the held-out text has {len(ids):,} characters, {before + 2} are needed"
        raise FileError(f"{has}; name a longer text with --dataset")


@dataclasses.dataclass(frozen=True, eq=False)
class Gradients:
    """A network's gradients of ln p by the states k = 0, 1, ... 100 characters before the prediction.

    A state is the hidden state and, in an LSTM, the memory cell.
    """

    run: str
    norms: NDArray[np.float64]  # (101,) the mean over all predictions; a norm is that of all layers together
    predicted: int  # characters
    scale: float = 1.0  # of the weights of the recurrence

    @property
    def name(self) -> str:
        """The run, and how its weights were scaled."""
        return self.run if self.scale == 1 else f"{self.run} × {self.scale:g}"

    @property
    def shares(self) -> NDArray[np.float64]:
        """The share of each k in the sum of all."""
        shares: NDArray[np.float64] = self.norms / self.norms.sum()
        return shares

    def reach(self, share: float) -> int:
        """Return within how many characters this share of the gradient lies, of that within 100 characters."""
        return int(np.searchsorted(np.cumsum(self.shares), share))

    def figures(self) -> dict[str, Any]:
        """Return the numbers by their names."""
        figures = {"run": self.run, "scale": self.scale, "predicted": self.predicted}
        return {**figures, "norms": self.norms.tolist(), "shares": self.shares.tolist()}


def gradients(checkpoint: Checkpoint, ids: Ids, *, run: str, scale: float = 1.0) -> Gradients:
    """Follow the gradients of the characters of a text (T,) after the first 101, at most 500.

    ``scale`` multiplies the weights of the recurrence: with larger ones a gradient grows on its way back (Pascanu et
    al. 2013). Nothing is clipped.

    Raises
    ------
    FileError
        The text is too short.
    """
    check_length(ids, BACK)
    ids = ids[: BACK + 1 + PREDICTED]
    weights = Weights(checkpoint.model, checkpoint.parameters, scale)
    read = weights.traces(ids)
    above = by_known(weights, known(weights, read), ids)[BACK:]
    norms, _ = read[0].norms_back(above, BACK + 1, first=BACK)
    return Gradients(run, norms.mean(axis=0, dtype=np.float64), len(above), scale)
