"""An inspection as the JSON value that the page's script reads.

Values of units are bytes in base64, unit by unit in the order in which the page goes through them; so are the shares
of a prediction, character by character. All else is rounded to the decimals that are shown.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lyricgen.inspection.page.cells import visible
from lyricgen.inspection.views import Expectation, Gates, Inspection, Like, Memory, States
from lyricgen.model.parameters import Floats
from lyricgen.text.vocabulary import UNKNOWN, UNKNOWN_CHARACTER, Vocabulary

_UNIT = 60  # bytes for what is said of a unit
_INT8, _UINT8 = 127, 255


def to_json(inspection: Inspection, room: int) -> str:
    """Return the value, ``<`` escaped, in ``room`` bytes if leaving out the less clear units suffices."""
    whole: dict[str, Any] = {
        "expectations": [_expectation(expectation) for expectation in inspection.expectations],
        "signs": _signs(inspection.expectations, inspection.vocabulary),
        "memory": inspection.memory and _memory(inspection.memory),
        "like": inspection.like and _like(inspection.like),
        "gates": [_all_units(gates) for gates in inspection.gates],
    }
    kept = _kept(inspection, room - len(_dump(whole).encode("utf-8", "replace")))
    gates = [
        {**facts, **_gates(source, inspection.states, kept)} for facts, source in zip(whole["gates"], inspection.gates)
    ]
    return _dump({**whole, "states": [_states(states, kept) for states in inspection.states], "gates": gates})


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _rounded(values: NDArray[Any], decimals: int) -> list[float | None]:
    """Flatten and round; a number that is not finite becomes None."""
    flat = np.round(np.asarray(values, np.float64).ravel(), decimals)
    return [value if np.isfinite(value) else None for value in flat.tolist()]


def _bytes(values: NDArray[Any], dtype: type) -> str:
    return b64encode(np.rint(values).astype(dtype).tobytes()).decode("ascii")


def _expectation(expectation: Expectation) -> dict[str, Any]:
    """Encode ``guesses`` as ids, the keys of ``signs``, and ``shares`` in thousandths."""
    return {
        "name": expectation.name,
        "bits": _rounded(expectation.bits, 2),
        "guesses": expectation.guesses.ravel().tolist(),
        "shares": np.rint(1000 * expectation.shares).astype(int).ravel().tolist(),
        "count": expectation.guesses.shape[1],
    }


def _signs(expectations: tuple[Expectation, ...], vocabulary: Vocabulary) -> dict[int, str]:
    """Return the sign of each id that is a guess; empty for the unknown one."""
    ids = np.unique(np.concatenate([expectation.guesses.ravel() for expectation in expectations]))
    characters = {int(i): vocabulary.id_to_char[i] for i in ids}
    return {i: "" if i == UNKNOWN or c == UNKNOWN_CHARACTER else visible(c) for i, c in characters.items()}


def _memory(memory: Memory) -> dict[str, Any]:
    """Divide each row by its largest value; ``total`` is then the row's sum: a share is value / 255 / total."""
    sides = {"before": memory.before, **({} if memory.behind is None else {"behind": memory.behind})}
    values = np.concatenate(list(sides.values()), axis=1).astype(np.float64)  # (T - 1, K), or (T - 1, 2K)
    largest = values.max(axis=1, keepdims=True)
    scaled = values / np.where(largest > 0, largest, 1)
    split = np.split(scaled, [memory.before.shape[1]], axis=1)
    return {
        "followed": memory.before.shape[1],
        "total": _rounded(scaled.sum(axis=1), 3),
        **{side: _side(shares) for side, shares in zip(sides, split)},
    }


def _side(scaled: NDArray[np.float64]) -> dict[str, Any]:
    """Encode one side, without the far characters on which no prediction depends."""
    rounded = np.rint(_UINT8 * scaled)
    width = int(np.flatnonzero(rounded.any(axis=0)).max(initial=-1)) + 1
    return {"width": width, "values": _bytes(rounded[:, :width], np.uint8)}


def _like(like: Like) -> dict[str, Any]:
    """Encode ``excerpts`` as the text before a character, the character, the text behind it; ``places`` number them."""
    numbers: dict[tuple[int, int], int] = {}
    indices = [numbers.setdefault((line, column), len(numbers)) for line, column in like.places.reshape(-1, 2).tolist()]
    return {
        "count": like.places.shape[1],
        "excerpts": [_excerpt(like.lines[line], column) for line, column in numbers],
        "places": indices,
        "similarity": _rounded(like.similarity, 3),
        "searched": like.searched,
        "of": like.of,
    }


def _excerpt(line: str, column: int) -> tuple[str, str, str]:
    return line[:column], visible(line[column : column + 1] or "\n"), line[column + 1 :]


def _kept(inspection: Inspection, room: int) -> int:
    """Return how many units of each layer have values that fit into ``room`` bytes, at least one."""
    arrays = len(inspection.states) + sum(len(gates.values) for gates in inspection.gates)
    size = arrays * (len(inspection.text) * 4 / 3 + _UNIT)
    return max(1, int(room / max(size, 1)))


def _chosen(states: States, kept: int) -> NDArray[np.intp]:
    """Choose ``kept`` units, in their order: the clearest, and at least one that follows each feature."""
    firsts = [units[0] for units in states.followers().values()]
    others = [unit for unit in states.order.tolist() if unit not in firsts]
    chosen = [*firsts, *others[: max(kept - len(firsts), 0)]]
    return states.order[np.isin(states.order, chosen)]


def _states(states: States, kept: int) -> dict[str, Any]:
    """Encode each value as a byte, to be multiplied by the unit's ``scale``."""
    order = _chosen(states, kept)
    values = states.values.T[order].astype(np.float64)  # (N, T)
    largest = np.abs(values).max(axis=1)
    scale = np.where(largest > 0, largest, 1) / _INT8
    return {
        "name": states.name,
        "of": len(states.order),
        "order": order.tolist(),
        "counts": dict(Counter(states.follows)),
        "follows": [states.follows[unit] for unit in order],
        "correlation": _rounded(states.correlation[order], 2),
        "scale": [float(f"{factor:.6g}") for factor in scale],
        "values": _bytes(values / scale[:, None], np.int8),
    }


def _all_units(gates: Gates) -> dict[str, Any]:
    """Encode ``half_lives`` in the units' own order; None for those that keep all."""
    return {
        "name": gates.name,
        "keeps": gates.keeps,
        "means": {name: _rounded(values.mean(axis=1, dtype=np.float64), 3) for name, values in gates.values.items()},
        "half_lives": _rounded(gates.half_lives, 2),
    }


def _gates(gates: Gates, states: tuple[States, ...], kept: int) -> dict[str, Any]:
    """Encode the units of a layer in the order of its hidden states; without these, the longest half-lives first."""
    own = [number for number, layer in enumerate(states) if layer.name.startswith(f"{gates.name},")]
    order = _chosen(states[own[0]], kept) if own else np.argsort(-gates.half_lives, kind="stable")[:kept]
    return {
        "states": own[0] if own else None,
        "order": order.tolist(),
        "values": {name: _openness(values, order) for name, values in gates.values.items()},
    }


def _openness(values: Floats, order: NDArray[np.intp]) -> str:
    return _bytes(_UINT8 * values.T[order].astype(np.float64), np.uint8)
