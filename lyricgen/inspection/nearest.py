"""Find the positions in a training text with a state like that after each character (as in Strobelt et al. 2018)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.inspection.views import Like
from lyricgen.model.bidirectional import Bidirectional
from lyricgen.model.parameters import Floats, initial_state
from lyricgen.model.recurrent import Recurrent
from lyricgen.text.vocabulary import Ids

SEARCHED = 30_000  # characters of the training text that are read
SHOWN = 3  # positions
_TAKEN = -2.0  # no cosine
_TRIED = 50  # positions, until SHOWN of them have different words
ROWS = 128  # stretches that are read side by side
_WARM_UP = 32  # characters of each before its states count
_AT_ONCE = 256  # characters whose states are compared at once
_AROUND = 20  # characters on either side of a position that are shown at the most


class _Known(NamedTuple):
    """States (M, H) of length 1 and the sorted positions (M,) of the characters of the training text before them."""

    states: Floats
    positions: NDArray[np.intp]


def nearest(states: Floats, network: Recurrent | Bidirectional, train: Ids, text: str) -> Like:
    """Compare states (T, H) of a network with those in its training text ``train``, whose characters are ``text``.

    The next character is predicted from a state, which is (T, 2H) in a bidirectional network.
    """
    known, rows = _read(network, train), _normalised(states)
    candidates: list[list[tuple[int, float]]] = []
    for first in range(0, len(rows), _AT_ONCE):
        block = rows[first : first + _AT_ONCE] @ known.states.T
        candidates.extend(_pick(cosines, known.positions, text) for cosines in block)
    shown = min(map(len, candidates))
    picked = np.array([picks[:shown] for picks in candidates])
    lines, line_columns = _in_lines(picked[:, :, 0].astype(np.intp), text)
    return Like(lines, line_columns, picked[:, :, 1].astype(np.float32), len(known.positions), len(train))


def _read(network: Recurrent | Bidirectional, train: Ids) -> _Known:
    """Read stretches of a text, spread evenly over it, side by side."""
    rows = max(1, min(ROWS, len(train) // (4 * _WARM_UP)))
    width = min(len(train), SEARCHED) // rows
    warm_up = _WARM_UP if width > 2 * _WARM_UP else 0
    cool_down = warm_up if network.config.bidirectional else 0  # of what reads from the end
    starts = np.linspace(0, len(train) - width, rows).astype(np.intp)
    positions = starts + np.arange(width)[:, None]
    counted = slice(warm_up, width - cool_down)
    states = _states(network, train[positions])[counted]
    return _Known(_normalised(states.transpose(1, 0, 2).reshape(-1, states.shape[2])), positions[counted].T.ravel())


def _states(network: Recurrent | Bidirectional, ids: Ids) -> Floats:
    """Return the states that predict the character after each of ids (T, N): (T, N, H), or (T, N, 2H) of both sides."""
    state = initial_state(network.config, ids.shape[1])
    if isinstance(network, Recurrent):
        return network.hidden(ids, state)[0]
    before, _ = network.forward(ids, state)
    behind = network.backward(ids[2:])
    nothing = np.zeros((len(ids) - len(behind), *behind.shape[1:]), np.float32)
    return np.concatenate([before, np.concatenate([behind, nothing])], axis=2)


def _normalised(states: Floats) -> Floats:
    length = np.sqrt(np.einsum("md,md->m", states, states))[:, None]
    return np.divide(states, length, out=np.zeros_like(states), where=length > 0)


def _pick(cosines: Floats, positions: NDArray[np.intp], text: str) -> list[tuple[int, float]]:
    """Return positions with the largest cosines (M, overwritten): one in a line, different words if possible."""
    picked: dict[str, tuple[int, float]] = {}
    again = []
    for _ in range(_TRIED):
        best = int(cosines.argmax())
        begin, end = _line(text, int(positions[best]))
        if len(picked) == SHOWN or cosines[best] < -1:
            break
        candidate = int(positions[best]), float(cosines[best])
        if picked.setdefault(text[begin:end], candidate) is not candidate:
            again.append(candidate)
        cosines[np.searchsorted(positions, begin) : np.searchsorted(positions, end, "right")] = _TAKEN
    return [*picked.values(), *again][:SHOWN]


def _line(text: str, position: int) -> tuple[int, int]:
    """Return the begin and the end of the line of a position; of a long line those of its part around the position."""
    begin, end = text.rfind("\n", 0, position) + 1, text.find("\n", position)
    end = len(text) if end < 0 else end
    return max(begin, position - _AROUND), min(end, position + _AROUND)


def _in_lines(positions: NDArray[np.intp], text: str) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Positions (T, P) -> the lines, each once, and for each position its line and the column in it (T, P, 2)."""
    numbers: dict[tuple[int, int], int] = {}
    line_columns = np.zeros((*positions.shape, 2), np.intp)
    for index, position in np.ndenumerate(positions):
        begin, end = _line(text, int(position))
        line_columns[index] = numbers.setdefault((begin, end), len(numbers)), position - begin
    return tuple(text[begin:end] for begin, end in numbers), line_columns
