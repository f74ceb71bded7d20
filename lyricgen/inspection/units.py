"""The feature that a unit follows most clearly: its correlation with the features of a text, beyond chance."""

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
    correlation of two independent series has the variance 1/T Σ_k ρ(k) ρ'(k), with their
    autocorrelations at lag k (Bartlett 1935), and there are as many chances as pairs (Bonferroni).
    """
    if not features:
        return States(name, values.astype(np.float32), ("",) * values.shape[1], *_nothing(values.shape[1]))
    one, other = _standard(values.astype(np.float64)), _standard(np.stack(list(features.values()), axis=1))
    correlations = other.T @ one / len(values)  # (F, H)
    is_clear = np.abs(correlations) > np.maximum(_bound(correlations.size) * np.sqrt(_variance(one, other)), CLEAR)
    clear = is_clear.any(axis=0)
    best = np.argmax(np.where(is_clear | ~clear, np.abs(correlations), 0), axis=0)
    correlation = correlations[best, np.arange(len(best))]
    order = np.argsort(np.where(clear, -np.abs(correlation), 1), kind="stable")
    names = list(features)
    follows = tuple(names[feature] if is_followed else "" for feature, is_followed in zip(best, clear))
    return States(name, values.astype(np.float32), follows, correlation, order)


def _nothing(units: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return correlations of zero, and the units in their own order."""
    return np.zeros(units), np.arange(units)


def _bound(pairs: int) -> float:
    """Return the standard deviations that one of so many correlations exceeds by chance with probability ``_LEVEL``."""
    return statistics.NormalDist().inv_cdf(1 - _LEVEL / (2 * pairs))


def _standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale to mean 0 and variance 1 over time; constant series become zero."""
    centred = values - values.mean(axis=0)
    deviation = centred.std(axis=0)
    scaled: NDArray[np.float64] = np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 1e-9)
    return scaled


def _variance(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the variance (F, H) by chance of the correlations of ``other`` (T, F) with ``one`` (T, H)."""
    both = _autocorrelation(other).T @ _autocorrelation(one)
    variance: NDArray[np.float64] = np.maximum(2 * both - 1, 1) / len(one)
    return variance


def _autocorrelation(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ρ (k, ...) at the lags 0, 1, ... of standardized values (T, ...)."""
    lags = min(_LAGS, len(values))
    spectrum = np.fft.rfft(values, 2 * len(values), axis=0)
    products: NDArray[np.float64] = np.fft.irfft(np.abs(spectrum) ** 2, axis=0)[:lags] / len(values)
    return products
