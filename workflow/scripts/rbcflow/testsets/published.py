"""Test splits of the sets that the preprint published: real cells with classes (rule ``fetch_testset``)."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rbcflow.core.classes import CLASSES
from rbcflow.datasets.imported import NoDownload, import_split
from rbcflow.runtime.lineage import PUBLISHED
from rbcflow.testsets.composed import evenly, labelled_images
from rbcflow.testsets.files import TestSet, write_testset, write_unavailable
from rbcflow.testsets.labels import Labels

log = logging.getLogger(__name__)

SPLIT = "test"


def build_published(
    published: Mapping[str, Any], folder: Path, *, name: str, source: str, max_frames: int, known: Path
) -> TestSet:
    """Build the set of a published set's test split, which is streamed out of the repository's archive.

    Its images are composed, but the cells in them are the laboratories' own: the only public truth about shapes.

    Args:
        published: ``url`` of the archive, ``folder`` of the set in it and ``images`` of each split.
        folder: gets the test set; without the network it is unavailable, with the reason.
        name: of the test set.
        source: name of the published set.
        max_frames: frames to keep, evenly spaced.
        known: file with the split's fingerprint, written on first sight and compared ever after.

    Raises:
        InputError: the archive is damaged, or counts, labels or fingerprint are wrong.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        settings = {"images": published["images"], "classes": len(CLASSES), "known": known}
        try:
            import_split(published["url"], published["folder"], Path(place), split=SPLIT, **settings)
        except NoDownload as error:
            log.info("%s: %s", name, error)
            reason = "the archive of the preprint's repository was not reachable"
            return write_unavailable(folder, name=name, source=source, reason=reason)
        chosen = evenly(sorted((Path(place) / SPLIT / "images").iterdir()), max_frames)
        return write_testset(
            folder, labelled_images(chosen, source), name=name, source=source, origin=[PUBLISHED], labels=Labels.TRUTH,
            classes_evaluated="true",
        )  # fmt: skip
