"""Draws the next character of each hypothesis from those that are allowed, with the weights of the lookahead."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.config import SampleConfig
from lyricgen.model.parameters import Floats
from lyricgen.model.probability import draw_weighted, exponentials
from lyricgen.writing.sampling import NEVER, restrict
from lyricgen.writing.search.constraints import Options
from lyricgen.writing.search.hypotheses import Hypothesis
from lyricgen.writing.search.space import SearchSpace


class Draw(NamedTuple):
    """A hypothesis with its new weight, and the character that continues it; empty if none is allowed."""

    hypothesis: Hypothesis
    character: str


class _Proposal(NamedTuple):
    """What the next characters of N hypotheses are drawn from."""

    shares: Floats  # (N, V): probabilities times weights of the lookahead, not normalised; 0 if not allowed
    totals: Floats  # (N,): the sum of the probabilities of all characters, allowed or not
    lookahead: Floats | None  # (N, V)


class CharacterSampler:
    """Draws by the temperature, the top-k and the top-p of ``config``."""

    def __init__(self, space: SearchSpace, config: SampleConfig) -> None:
        self._space = space
        self._config = config
        self._temperature = config.temperature or 1

    def draw(self, hypotheses: Sequence[Hypothesis], rngs: Sequence[np.random.Generator]) -> list[Draw]:
        """One character for each hypothesis, by its generator.

        A draw multiplies the importance weight: by the probability of all allowed characters, divided by the weight of
        the lookahead for the drawn one.
        """
        options = self._space.options(hypotheses)
        proposal = self._propose(hypotheses, options)
        uniforms = [0.0 if forced else rng.random() for forced, rng in zip(options.forced, rngs)]
        ids, masses = self._draw_ids(proposal.shares, np.array(uniforms))
        draws = []
        for row, hypothesis in enumerate(hypotheses):
            forced = options.forced[row]
            if forced:
                draws.append(Draw(hypothesis, forced if options.allowed[row].any() else ""))
            else:
                draws.append(self._weighted(hypothesis, proposal, row, int(ids[row]), float(masses[row])))
        return draws

    def _propose(self, hypotheses: Sequence[Hypothesis], options: Options) -> _Proposal:
        logits, allowed = options.logits, self._restrict(options)
        shares = exponentials(logits, self._temperature)
        totals = shares.sum(axis=1)
        shares *= allowed
        lookahead = self._space.lookahead.weights([hypothesis.state for hypothesis in hypotheses])
        if lookahead is not None:
            shares *= lookahead
        return _Proposal(shares, totals, lookahead)

    def _restrict(self, options: Options) -> NDArray[np.bool_]:
        """The allowed characters (N, V) that top-k and top-p keep."""
        if not self._config.top_k and self._config.top_p == 1:
            return options.allowed
        scaled = np.where(options.allowed, options.logits.astype(np.float64) / self._temperature, NEVER)
        rows = np.flatnonzero(scaled.max(axis=1) > NEVER)  # others force a character that the model does not know
        allowed = options.allowed.copy()
        allowed[rows] = restrict(scaled[rows], self._config) > NEVER
        return allowed

    def _weighted(self, hypothesis: Hypothesis, proposal: _Proposal, row: int, char_id: int, mass: float) -> Draw:
        if not mass:
            return Draw(hypothesis, "")
        gain = mass / proposal.totals[row]
        if proposal.lookahead is not None:
            gain /= proposal.lookahead[row, char_id]
        weight = hypothesis.weight + math.log(gain)
        return Draw(hypothesis._replace(weight=weight), self._space.vocabulary.id_to_char[char_id])

    def _draw_ids(self, shares: Floats, uniforms: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """An id for each row of shares (N, V), and the sums of the rows (N,)."""
        if self._config.temperature == 0:
            return np.argmax(shares, axis=1), shares.sum(axis=1, dtype=np.float64)
        return draw_weighted(shares, uniforms)
