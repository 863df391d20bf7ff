"""Random streams that depend on names, never on the order of work (stage datasets).

Python's ``hash`` of a string changes from process to process; sha256 does not. Every image has an own stream for
every step of its making, so that switching one step off leaves all others as they were.
"""

from __future__ import annotations

import hashlib

import numpy as np

SEEDED_AS = {"simulated_alone": "drawn_alone", "without_simulated": "without_drawn"}
"""Older names of variants, by which their streams stay seeded: a rename must change no image."""


def generator(seed: int, *key: object) -> np.random.Generator:
    """Return the random generator of a root seed and a path of names.

    Args:
        seed: root seed of the workflow, not negative.
        key: names and numbers that say what the stream is for, such as variant, split, image index and step.
    """
    first, *rest = "/".join(map(str, key)).split("/")
    digest = hashlib.sha256("/".join([SEEDED_AS.get(first, first), *rest]).encode()).digest()
    words = np.frombuffer(digest[:16], dtype="<u4")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=tuple(words.tolist()))))
