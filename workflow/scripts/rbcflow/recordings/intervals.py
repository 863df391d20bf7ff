"""95 % intervals of counts, rates, means and shares (used by ``summarise`` and ``checks``)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

LEVEL = 0.95
_TAIL = (1 - LEVEL) / 2


def poisson(count: int) -> tuple[float, float]:
    """Return the exact interval of a Poisson mean from a count (Garwood 1936, by chi-squared quantiles)."""
    low = stats.chi2.ppf(_TAIL, 2 * count) / 2 if count else 0.0
    return float(low), float(stats.chi2.ppf(1 - _TAIL, 2 * count + 2) / 2)


def total(counts: ArrayLike, times: ArrayLike) -> tuple[float, float]:
    """Return the interval of a total count over recordings of different length.

    It is the wider one of Poisson's and of the scatter of recordings about a common rate (Cochran 1977, "Sampling
    Techniques", ratio estimator), with Student's t.

    Args:
        counts: (R,) cells of each recording.
        times: (R,) their durations.
    """
    counts, times = np.asarray(counts, dtype=float), np.asarray(times, dtype=float)
    low, high = poisson(int(counts.sum()))
    n = len(counts)
    if n < 2:
        return low, high
    scatter = counts - counts.sum() / times.sum() * times
    half = stats.t.ppf(1 - _TAIL, n - 1) * np.sqrt(n / (n - 1) * (scatter**2).sum())
    return max(min(low, counts.sum() - half), 0.0), float(max(high, counts.sum() + half))


def mean(values: ArrayLike) -> tuple[float, float]:
    """Return Student's interval of a mean, NaN from fewer than two values."""
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        return np.nan, np.nan
    half = stats.t.ppf(1 - _TAIL, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """Return Wilson's interval of a share (Wilson 1927), NaN without trials."""
    if not trials:
        return np.nan, np.nan
    z = stats.norm.ppf(1 - _TAIL)
    share, spread = hits / trials, z**2 / trials
    half = z * np.sqrt(share * (1 - share) / trials + spread / (4 * trials))
    centre = share + spread / 2
    return float(max((centre - half) / (1 + spread), 0.0)), float(min((centre + half) / (1 + spread), 1.0))
