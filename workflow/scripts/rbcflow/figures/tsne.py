"""Points of vectors on a plane, close where the vectors are alike: the one t-SNE of all maps (stage figures)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEAST = 10
"""Different vectors below which there is no map."""

SEED = 42


def perplexity(n: int, wanted: float) -> float:
    """Return the perplexity for so many vectors: what is wanted, or a third of the others."""
    return min(wanted, (n - 1) / 3)


def points(vectors: NDArray[np.float32], wanted: float, steps: int | None = None) -> NDArray[np.float32] | None:
    """Return (N, 2) points of the t-SNE of (N, F) vectors, None where fewer than ``LEAST`` of them differ.

    Vectors that are all alike have no directions to begin from, on which the library breaks off with its process.

    Args:
        vectors: one a row.
        wanted: perplexity where there are enough vectors.
        steps: of the optimisation, the library's own number where None.
    """
    if len(np.unique(vectors, axis=0)) < LEAST:
        return None
    # its import takes seconds that other figures need not wait for
    from sklearn.manifold import TSNE

    settings = {"perplexity": perplexity(len(vectors), wanted), "random_state": SEED}
    if steps is not None:
        settings["max_iter"] = steps
    return TSNE(2, init="pca", **settings).fit_transform(vectors)
