"""What a unit follows most clearly: its correlation with the features of a text, where that is more than chance."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lyricgen.inspection.views import States
from lyricgen.model.parameters import Floats

CLEAR = 0.3  # of a correlation; below it a unit shares less than a tenth of its variance with a feature
_LAGS = 64  # characters over which a unit or a feature is compared with itself
_LEVEL = 0.05  # how likely any unit at all follows something by chance


def follow(name: str, values: Floats, features: Mapping[str, NDArray[np.float64]]) -> States:
    """Compare each unit (T, H) with each feature (T,) by Pearson's correlation.

    A unit follows the feature with which it correlates most, if that is by 0.3 at the least, and beyond chance: a
    correlation of two series that do not know each other has the variance 1/T Σ_k ρ(k) ρ'(k), with their
    autocorrelations at lag k (Bartlett 1935), and there are as many chances as pairs (Bonferroni).
    """
    if not features:
        return States(name, values.astype(np.float32), ("",) * values.shape[1], *_nothing(values.shape[1]))
    one, other = _standard(values.astype(np.float64)), _standard(np.stack(list(features.values()), axis=1))
    found = other.T @ one / len(values)  # (F, H)
    is_clear = np.abs(found) > np.maximum(_bound(found.size) * np.sqrt(_variance(one, other)), CLEAR)
    clear = is_clear.any(axis=0)
    best = np.argmax(np.where(is_clear | ~clear, np.abs(found), 0), axis=0)
    correlation = found[best, np.arange(len(best))]
    order = np.argsort(np.where(clear, -np.abs(correlation), 1), kind="stable")
    names = list(features)
    follows = tuple(names[feature] if each else "" for feature, each in zip(best, clear))
    return States(name, values.astype(np.float32), follows, correlation, order)


def _nothing(units: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """No correlation, and the units in their own order."""
    return np.zeros(units), np.arange(units)


def _bound(pairs: int) -> float:
    """Standard deviations beyond which one of so many correlations lies by chance with the probability ``_LEVEL``."""
    return statistics.NormalDist().inv_cdf(1 - _LEVEL / (2 * pairs))


def _standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean 0 and variance 1 over time; all zero where nothing changes."""
    centred = values - values.mean(axis=0)
    deviation = centred.std(axis=0)
    scaled: NDArray[np.float64] = np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 1e-9)
    return scaled


def _variance(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """That of the correlation of each of ``other`` (T, F) with each of ``one`` (T, H) by chance: (F, H)."""
    both = _autocorrelation(other).T @ _autocorrelation(one)
    variance: NDArray[np.float64] = np.maximum(2 * both - 1, 1) / len(one)
    return variance


def _autocorrelation(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """ρ (k, ...) at the lags 0, 1, ... of standardized values (T, ...)."""
    lags = min(_LAGS, len(values))
    spectrum = np.fft.rfft(values, 2 * len(values), axis=0)
    found: NDArray[np.float64] = np.fft.irfft(np.abs(spectrum) ** 2, axis=0)[:lags] / len(values)
    return found
