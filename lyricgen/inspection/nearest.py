"""Where else in a training text a network has a state like that after each character (as in Strobelt et al. 2018)."""

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
SHOWN = 3  # places
_TAKEN = -2.0  # no cosine
_TRIED = 50  # places until so many have different words
ROWS = 128  # stretches that are read side by side
_WARM_UP = 32  # characters of each before its states count
_AT_ONCE = 256  # characters whose states are compared at once
_AROUND = 20  # characters on either side of a place that are shown at the most


class _Known(NamedTuple):
    """States (M, H) of length 1 and the sorted places in the training text (M,) after which they stand."""

    states: Floats
    places: NDArray[np.intp]


def nearest(states: Floats, network: Recurrent | Bidirectional, train: Ids, text: str) -> Like:
    """Compare states (T, H) of a network with those in its training text ``train``, whose characters are ``text``.

    A state is that from which the next character is predicted: (T, 2H) in a bidirectional network.
    """
    known, rows = _read(network, train), _normalised(states)
    found: list[list[tuple[int, float]]] = []
    for first in range(0, len(rows), _AT_ONCE):
        block = rows[first : first + _AT_ONCE] @ known.states.T
        found.extend(_pick(cosines, known.places, text) for cosines in block)
    shown = min(map(len, found))
    picked = np.array([each[:shown] for each in found])
    lines, places = _in_lines(picked[:, :, 0].astype(np.intp), text)
    return Like(lines, places, picked[:, :, 1].astype(np.float32), len(known.places), len(train))


def _read(network: Recurrent | Bidirectional, train: Ids) -> _Known:
    """Read stretches of a text side by side, which are spread evenly over it."""
    rows = max(1, min(ROWS, len(train) // (4 * _WARM_UP)))
    width = min(len(train), SEARCHED) // rows
    warm_up = _WARM_UP if width > 2 * _WARM_UP else 0
    cool_down = warm_up if network.config.bidirectional else 0  # of what reads from the end
    starts = np.linspace(0, len(train) - width, rows).astype(np.intp)
    places = starts + np.arange(width)[:, None]
    counted = slice(warm_up, width - cool_down)
    states = _states(network, train[places])[counted]
    return _Known(_normalised(states.transpose(1, 0, 2).reshape(-1, states.shape[2])), places[counted].T.ravel())


def _states(network: Recurrent | Bidirectional, ids: Ids) -> Floats:
    """From which the character after each of ids (T, N) is predicted: (T, N, H), or (T, N, 2H) from both sides."""
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


def _pick(cosines: Floats, places: NDArray[np.intp], text: str) -> list[tuple[int, float]]:
    """The places with the largest cosines (M,), one in a line, of different words if there are; ``cosines`` is ours."""
    picked: dict[str, tuple[int, float]] = {}
    again = []
    for _ in range(_TRIED):
        best = int(cosines.argmax())
        begin, end = _line(text, int(places[best]))
        if len(picked) == SHOWN or cosines[best] < -1:
            break
        found = int(places[best]), float(cosines[best])
        if picked.setdefault(text[begin:end], found) is not found:
            again.append(found)
        cosines[np.searchsorted(places, begin) : np.searchsorted(places, end, "right")] = _TAKEN
    return [*picked.values(), *again][:SHOWN]


def _line(text: str, place: int) -> tuple[int, int]:
    """Where the line of a place begins, and its end; of a long one what is around the place."""
    begin, end = text.rfind("\n", 0, place) + 1, text.find("\n", place)
    end = len(text) if end < 0 else end
    return max(begin, place - _AROUND), min(end, place + _AROUND)


def _in_lines(found: NDArray[np.intp], text: str) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Places (T, P) -> the lines, each once, and for each place its line and the column in it (T, P, 2)."""
    numbers: dict[tuple[int, int], int] = {}
    places = np.zeros((*found.shape, 2), np.intp)
    for at, place in np.ndenumerate(found):
        begin, end = _line(text, int(place))
        places[at] = numbers.setdefault((begin, end), len(numbers)), place - begin
    return tuple(text[begin:end] for begin, end in numbers), places
