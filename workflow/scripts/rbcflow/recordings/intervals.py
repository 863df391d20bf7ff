"""95 % intervals of counts, rates, means and shares (used by ``summarise`` and ``checks``)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

LEVEL = 0.95
_TAIL = (1 - LEVEL) / 2


def poisson(count: int) -> tuple[float, float]:
    """Return the exact interval of a Poisson mean from a count (Garwood 1936, by chi-squared quantiles)."""
    low = special.gammaincinv(count, _TAIL) if count else 0.0
    return float(low), float(special.gammaincinv(count + 1, 1 - _TAIL))


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
    half = special.stdtrit(n - 1, 1 - _TAIL) * np.sqrt(n / (n - 1) * (scatter**2).sum())
    return max(min(low, counts.sum() - half), 0.0), float(max(high, counts.sum() + half))


def mean(values: ArrayLike) -> tuple[float, float]:
    """Return Student's interval of a mean, NaN from fewer than two values."""
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        return np.nan, np.nan
    half = special.stdtrit(len(values) - 1, 1 - _TAIL) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """Return Wilson's interval of a share (Wilson 1927), NaN without trials."""
    if not trials:
        return np.nan, np.nan
    z = special.ndtri(1 - _TAIL)
    share, spread = hits / trials, z**2 / trials
    half = z * np.sqrt(share * (1 - share) / trials + spread / (4 * trials))
    centre = share + spread / 2
    return float(max((centre - half) / (1 + spread), 0.0)), float(min((centre + half) / (1 + spread), 1.0))


def corrected(found: ArrayLike, hits: ArrayLike, checked: ArrayLike) -> tuple[float, float, float]:
    """Return a share with its interval from a detector's counts and a random sample that was named by hand.

    Double sampling (Tenenbein 1970, J. Am. Stat. Assoc. 65, 1350): of all cells the detector's class is known, of some
    the true one too. The share is ``sum_j W_j h_j / n_j``, W_j being the part of class j among all. Its interval joins
    Wilson's of the strata, as far as each lies off its share (MOVER: Zou and Donner 2008, Stat. Med. 27, 1693), and the
    scatter of the W_j: ``W_j^2 (h_j / n_j - low_j)^2`` summed, plus ``z^2 sum_j W_j (h_j / n_j - share)^2 / N``. With
    one class it is Wilson's interval. A class of which none was checked may be anything from 0 to 1.

    Args:
        found: (J,) cells of each of the detector's classes.
        hits: (J,) checked cells of it that are of the wanted class.
        checked: (J,) checked cells of it, not all 0.

    Returns:
        Share, lower and upper end.
    """
    found, hits, checked = (np.asarray(values, dtype=float) for values in (found, hits, checked))
    weights, some = found / found.sum(), checked > 0
    parts = np.where(some, hits / np.maximum(checked, 1), hits.sum() / checked.sum())
    limits = np.array([wilson(int(h), int(n)) if n else (0.0, 1.0) for h, n in zip(hits, checked, strict=True)])
    share = float(weights @ parts)
    between = special.ndtri(1 - _TAIL) ** 2 * float(weights @ (parts - share) ** 2) / found.sum()
    low, high = (
        share + sign * _root(weights * (parts - ends), between) for sign, ends in zip((-1, 1), limits.T, strict=True)
    )
    return share, max(low, 0.0), min(high, 1.0)


def _root(terms: NDArray[np.float64], more: float) -> float:
    return float(np.sqrt((terms**2).sum() + more))
