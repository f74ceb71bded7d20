"""Views of a model that reads a text of T characters: arrays, as they were computed.

A state, a gate and a position in the training text belong to the character that was read last. An expectation, and what
it depends on, belong to the character that is predicted: there are T - 1 of them, for all but the first.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lyricgen.model.parameters import Floats
from lyricgen.text.vocabulary import Ids, Vocabulary


@dataclasses.dataclass(frozen=True, eq=False)
class Expectation:
    """The guesses for each character after the first."""

    name: str  # by whom: the model; of a bidirectional one the text before, the text behind, both
    bits: NDArray[np.float64]  # (T - 1,) the surprisal of each
    guesses: Ids  # (T - 1, 5) the likeliest ids
    shares: NDArray[np.float64]  # (T - 1, 5) their probabilities


@dataclasses.dataclass(frozen=True, eq=False)
class States:
    """The hidden states of a layer, or its memory cells, and what each unit follows most clearly."""

    name: str  # "layer 1, hidden state"
    values: Floats  # (T, H)
    follows: tuple[str, ...]  # (H,) a feature of the text, or "" where it follows none clearly
    correlation: NDArray[np.float64]  # (H,) with that feature, or with the one that comes nearest
    order: NDArray[np.intp]  # (H,) the units, the clearest first

    def followers(self) -> dict[str, list[int]]:
        """Return the units that follow each feature, the clearest first."""
        units: dict[str, list[int]] = {}
        for unit in self.order.tolist():
            if self.follows[unit]:
                units.setdefault(self.follows[unit], []).append(unit)
        return units

    def figures(self) -> list[dict[str, Any]]:
        """Return each unit, counted from 1, the clearest first."""
        return [
            {"unit": int(unit) + 1, "follows": self.follows[unit], "correlation": float(self.correlation[unit])}
            for unit in self.order
        ]


@dataclasses.dataclass(frozen=True, eq=False)
class Gates:
    """The gates of a layer, between 0 (closed) and 1 (open), and how long its units remember."""

    name: str  # "layer 1"
    values: dict[str, Floats]  # name of the gate -> (T, H)
    keeps: str  # the gate that keeps: update or forget
    half_lives: NDArray[np.float64]  # (H,) characters after which half is kept, by the gate's geometric mean

    def figures(self) -> dict[str, Any]:
        """Return how far each gate opens in the mean, and the half-lives of all units."""
        opened = {name: float(values.mean()) for name, values in self.values.items()}
        lives = [life if math.isfinite(life) else None for life in self.half_lives.tolist()]
        return {"open": opened, "keeps": self.keeps, "half_lives": lives}


@dataclasses.dataclass(frozen=True, eq=False)
class Memory:
    """The characters on which each prediction of the network depends.

    The norm of the gradient of ln p by the embedding of the character k before the one that is predicted, k = 1,
    2, ... K; ``behind`` the same for those behind it, of a bidirectional network.
    """

    before: Floats  # (T - 1, K)
    behind: Floats | None  # (T - 1, K)

    def figures(self) -> dict[str, Any]:
        """Return the share of the gradient at each number of characters before the prediction, and behind it."""
        sides = {"before": self.before} if self.behind is None else {"before": self.before, "behind": self.behind}
        whole = sum(float(side.sum()) for side in sides.values()) or 1.0
        return {name: (side.sum(axis=0, dtype=np.float64) / whole).tolist() for name, side in sides.items()}


@dataclasses.dataclass(frozen=True, eq=False)
class Like:
    """The positions in the training text with a state like that after each character."""

    lines: tuple[str, ...]  # without their ends
    places: NDArray[
        np.intp
    ]  # (T, P, 2) a line, and the column of the character in it (the length of the line: its end)
    similarity: Floats  # (T, P) the cosine of the two states, the nearest first
    searched: int  # characters of the training text that were read
    of: int  # characters that it has


@dataclasses.dataclass(frozen=True, eq=False)
class Inspection:
    """All views of a model. One that was left out, or that the model does not have, is empty or None."""

    title: str
    text: str  # T characters
    ids: Ids  # (T,)
    vocabulary: Vocabulary
    perplexity: float
    expectations: tuple[Expectation, ...]
    states: tuple[States, ...] = ()
    gates: tuple[Gates, ...] = ()
    memory: Memory | None = None
    like: Like | None = None
    notes: tuple[str, ...] = ()  # a line each for the reader: what is missing and why

    def figures(self) -> dict[str, Any]:
        """Return the numbers by their names: features of units, openness of gates, how far back predictions look."""
        figures: dict[str, Any] = {"text": self.title, "characters": len(self.ids), "perplexity": self.perplexity}
        if len(self.expectations) > 1:
            figures["bits"] = {guess.name: float(guess.bits.mean()) for guess in self.expectations}
        figures["units"] = {states.name: states.figures() for states in self.states}
        figures["gates"] = {gates.name: gates.figures() for gates in self.gates}
        if self.memory is not None:
            figures["memory"] = self.memory.figures()
        return figures
