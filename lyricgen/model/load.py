"""Checkpoints -> one decoder: that of one model, or the mixture of several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lyricgen.errors import FileError, OptionError
from lyricgen.model import cache as caches
from lyricgen.model import mixture
from lyricgen.model.bidirectional import Bidirectional
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.model.decoder import Decoder
from lyricgen.text.vocabulary import Ids

_MOST_FITTED = 20_000  # characters: more change the weights by little


class Fit(NamedTuple):
    """How the weights of a mixture were found: on so many characters (0: all models weigh alike), and their mean."""

    characters: int
    mean: list[float]


class Combined(NamedTuple):
    """One model; of a mixture also its weights and, if they were fitted, how."""

    model: Decoder | Bidirectional
    weights: mixture.Weights | None = None
    fit: Fit | None = None


def check_compatible(paths: Sequence[Path], checkpoints: Sequence[Checkpoint]) -> None:
    """FileError for a checkpoint that cannot be mixed with the first one."""
    first = checkpoints[0]
    for path, other in zip(paths, checkpoints):
        if other.vocabulary != first.vocabulary or other.newlines != first.newlines:
            raise FileError(
                f"{path}: has another vocabulary than {paths[0]}; train both on the same dataset to mix them"
            )


def combine(
    checkpoints: Sequence[Checkpoint],
    *,
    weights: Sequence[float] | None,
    cache: bool,
    fit_on: Ids | None,
    main_model: Callable[[Checkpoint], Decoder] = Checkpoint.main_model,
) -> Combined:
    """One decoder of all; without ``weights`` a mixture's are fitted on the text ``fit_on`` (T,)."""
    count = len(checkpoints)
    if weights is not None and count == 1 and not cache:
        raise OptionError("--weights: has no effect on one checkpoint; name several with -c, or leave it out")
    each = np.full(count, 1 / count) if weights is None else _shares(weights, count)
    shares = np.concatenate([share * one.shares for share, one in zip(each, checkpoints)])
    models = [model for one in checkpoints for model in (main_model(one), *one.ngrams_beside())]
    if len(models) == 1 and not cache:
        return Combined(models[0])
    chosen, fit = mixture.with_cache(shares) if cache else shares[None], None
    if weights is None and (cache or count > 1):
        fitted, fit = _fit(models, fit_on, cache)
        chosen = chosen if fitted is None else fitted
    return Combined(mixture.Mixture(models, chosen, len(checkpoints[0].vocabulary)), chosen, fit)


def _shares(weights: Sequence[float], count: int) -> mixture.Weights:
    values = np.array(weights, float)
    if len(values) != count:
        raise OptionError(f"--weights: {len(values)} numbers for {count} checkpoints; name one for each -c")
    if not np.all(np.isfinite(values)) or np.any(values < 0) or not values.sum():
        shown = ",".join(f"{weight:g}" for weight in weights)
        raise OptionError(f"--weights: {shown} cannot be weights: none may be negative or infinite, and not all zero")
    shares: mixture.Weights = values / values.sum()
    return shares


def _fit(decoders: Sequence[Decoder], ids: Ids | None, cached: bool) -> tuple[mixture.Weights | None, Fit]:
    if ids is None or len(ids) < 2:
        return None, Fit(0, [])
    probabilities, lengths = mixture.component_probabilities(decoders, ids[:_MOST_FITTED], cached=cached)
    fitted = mixture.fit(probabilities, lengths, caches.LONGEST + 1 if cached else 1)
    counts = np.bincount(lengths, minlength=len(fitted))
    return fitted, Fit(len(lengths), ((fitted * counts[:, None]).sum(axis=0) / counts.sum()).tolist())
