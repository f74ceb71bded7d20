"""A cache of the text so far that predicts how it goes on: it makes refrains return.

A longest-match cache: every earlier position after the same characters as the text's end votes for the character
that followed it there, the more the longer the agreement (the continuous cache of Grave et al. 2017, with the length of
the agreement as the similarity instead of a product of hidden states).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.text.vocabulary import Ids

WINDOW = 8192  # characters remembered
LONGEST = 16  # an agreement longer than that counts as one of that length
SHARPNESS = 1.0  # a vote's weight is e^(sharpness · length of the agreement)


class State(NamedTuple):
    """N texts of T ids; ``agreement`` of a position: how many characters before it equal those at the text's end."""

    history: Ids  # (N, T)
    agreement: NDArray[np.int32]  # (N, T)


def initial_state(batch_size: int) -> State:
    """Return the state of empty texts."""
    return State(np.zeros((batch_size, 0), np.int32), np.zeros((batch_size, 0), np.int32))


def select(state: State, rows: NDArray[np.intp]) -> State:
    """Return the state of the texts ``rows``."""
    return State(state.history[rows], state.agreement[rows])


def join(states: Sequence[State]) -> State:
    """Join the states of several groups of texts; shorter texts are padded with -1, which is no character's id."""
    length = max(state.history.shape[1] for state in states)
    filled = [
        [
            np.pad(part, ((0, 0), (length - part.shape[1], 0)), constant_values=value)
            for part, value in zip(state, (-1, 0))
        ]
        for state in states
    ]
    history, agreement = (np.concatenate(parts) for parts in zip(*filled))
    return State(history, agreement)


def extend(state: State, ids: Ids) -> State:
    """Return the state after one more character (N,) of each text."""
    column = np.asarray(ids, np.int32)[:, None]
    agreement = np.where(state.history == column, state.agreement + 1, 0).astype(np.int32)
    history = np.concatenate([state.history, column], axis=1)
    agreement = np.concatenate([np.zeros_like(column), agreement], axis=1)
    return State(history[:, -WINDOW:], agreement[:, -WINDOW:])


def longest(state: State) -> NDArray[np.intp]:
    """Return the longest agreement (N,), at most LONGEST."""
    most = state.agreement.max(axis=1, initial=0)
    lengths: NDArray[np.intp] = np.minimum(most, LONGEST).astype(np.intp)
    return lengths


def distribution(state: State, size: int) -> NDArray[np.float64]:
    """Return p (N, V) of the next character; all zero where nothing agrees."""
    probabilities = np.zeros((len(state.history), size))
    rows, columns = np.nonzero(state.agreement)
    np.add.at(probabilities, (rows, state.history[rows, columns]), _votes(state.agreement[rows, columns]))
    totals = probabilities.sum(axis=1, keepdims=True)
    return np.divide(probabilities, totals, out=probabilities, where=totals > 0)


def probabilities(ids: Ids) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the probability of each character of a text (T,) after the first, and the agreement before it."""
    predicted, lengths = np.zeros(len(ids) - 1), np.zeros(len(ids) - 1, np.intp)
    state = initial_state(1)
    for index, char_id in enumerate(ids[:-1]):
        state = extend(state, np.array([char_id]))
        columns = np.flatnonzero(state.agreement[0])
        if len(columns):
            agreement = state.agreement[0, columns]
            votes = _votes(agreement)
            predicted[index] = votes[state.history[0, columns] == ids[index + 1]].sum() / votes.sum()
            lengths[index] = min(agreement.max(), LONGEST)
    return predicted, lengths


def _votes(agreement: NDArray[np.int32]) -> NDArray[np.float64]:
    votes: NDArray[np.float64] = np.exp(SHARPNESS * (np.minimum(agreement, LONGEST) - LONGEST))
    return votes
