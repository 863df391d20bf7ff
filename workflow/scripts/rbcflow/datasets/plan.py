"""Which factors and how many cells every image gets (stage datasets).

The preprint repeats the full factorial of all factors as often as it fits, tops it up by a random draw and shuffles
(preprint,
section on the construction of the dataset). Here every image's row follows from its own index: the factorial is
divided into cycles in which all factors step together, and the cycles come in random order. Each pass over the
factorial is complete, and after any number of images each level of a factor has occurred as often as every other,
plus or minus one.
"""

from __future__ import annotations

import itertools
import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rbcflow.datasets.seeds import generator
from rbcflow.datasets.spec import Level, VariantSpec


def levels(spec: VariantSpec) -> dict[str, tuple[Level | int, ...]]:
    """Return all factors of a variant with their levels, the counts of each class among them."""
    return dict(spec.factors) | {f"{name}_count": spec.counts[name] for name in spec.classes}


def planned(spec: VariantSpec, split: str, index: int, seed: int) -> dict[str, Level | int]:
    """Return one level of every factor for one image.

    Args:
        spec: the variant.
        split: train, val or test.
        index: zero-based number of the image in its split.
        seed: root seed of the workflow.
    """
    factors = levels(spec)
    sizes = tuple(map(len, factors.values()))
    block, position = divmod(index, math.prod(sizes))
    choice = _block(sizes, seed, f"{spec.name}/{split}/plan/{block}")[position]
    return {name: values[i] for (name, values), i in zip(factors.items(), choice, strict=True)}


@lru_cache(maxsize=8)
def _block(sizes: tuple[int, ...], seed: int, key: str) -> NDArray[np.int64]:
    """Return every combination of level indices once, (prod(sizes), len(sizes)), in an order balanced at every row."""
    rng = generator(seed, key)
    starts = _cycle_starts(sizes)
    length = math.lcm(*sizes)
    turns = rng.integers(length, size=len(starts))
    first = rng.permutation(starts + turns[:, None], axis=0)
    return ((first[:, None, :] + np.arange(length)[:, None]) % sizes).reshape(-1, len(sizes))


@lru_cache(maxsize=8)
def _cycle_starts(sizes: tuple[int, ...]) -> NDArray[np.int64]:
    """Return one combination from each cycle of the step "next level of every factor"."""
    seen: set[tuple[int, ...]] = set()
    starts = []
    for choice in itertools.product(*map(range, sizes)):
        if choice not in seen:
            starts.append(choice)
            seen.update(
                tuple((i + step) % n for i, n in zip(choice, sizes, strict=True)) for step in range(math.lcm(*sizes))
            )
    return np.array(starts)
