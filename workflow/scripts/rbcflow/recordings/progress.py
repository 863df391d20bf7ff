"""How far a long job is: a bar on a terminal, a line every few seconds in the log (rules of ``recordings.smk``)."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

from rbcflow.runtime.board import bars

T = TypeVar("T")
SECONDS = 10
"""Between two lines in the log."""

logger = logging.getLogger(__name__)


def shown(items: Iterable[T], what: str, total: int | None) -> Iterator[T]:
    """Yield items while showing how many have passed.

    Args:
        items: frames.
        what: of what, such as ``donor_a: detecting``.
        total: number of items, None where unknown.
    """
    began = last = time.monotonic()
    with tqdm(total=total, desc=what, unit="frame", disable=not bars(), dynamic_ncols=True) as bar:
        for count, item in enumerate(items):
            yield item
            bar.update()
            if (now := time.monotonic()) - last >= SECONDS:
                last = now
                logger.info("%s: %d of %s frames, %.1f a second", what, count + 1, total, (count + 1) / (now - began))
