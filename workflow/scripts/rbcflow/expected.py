"""Fingerprints of datasets as committed, and this run's beside them (rule ``compare_fingerprints``).

``resources/expected/fingerprints.yaml`` has, for the versions it names, the fingerprint of every variant at the scale
of the embedded default and at that of the integration test, and of a probe: a few images of every variant from cells
drawn here, which need no workflow. ``make fingerprints`` writes it anew.
"""

from __future__ import annotations

import argparse
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from rbcflow.classes import CLASSES
from rbcflow.compose.dataset import label_text
from rbcflow.compose.image import compose
from rbcflow.compose.spec import PRESETS, VariantSpec
from rbcflow.compose.stock import Cutout, Stock
from rbcflow.errors import InputError
from rbcflow.provenance import versions

FILE = Path("resources/expected/fingerprints.yaml")
PACKAGES = ("numpy", "opencv-python")
"""What the pixels of a dataset depend on, besides the code."""

PROBED = 12
HEADER = """\
# Expected fingerprints of the constructed datasets; written by `make fingerprints`, compared by tests and by every run.
# They change with the composer, the banks of cells, and perhaps with the packages named.

"""


def probe() -> dict[str, str]:
    """Return, by variant, the sha256 over a few images and labels made from drawn cells."""
    stock: Stock = {name: [_ellipse(name, side) for side in (25, 37, 49)] for name in CLASSES}
    return {name: _probe_variant(name, stock) for name in sorted(PRESETS)}


def compare(fingerprints: Mapping[str, Path], expected: Mapping[str, Any], output: Path) -> pd.DataFrame:
    """Write this run's fingerprints and the scale of the expected file, if any, at which they are the same.

    Args:
        fingerprints: ``fingerprint.txt`` by variant.
        expected: content of the expected file.
        output: CSV with the columns ``variant, fingerprint, expected_at``.

    Raises:
        InputError: the expected file has no datasets, or a fingerprint is none.
    """
    if not isinstance(expected.get("datasets"), dict):
        raise InputError(FILE, f"datasets {expected.get('datasets')!r:.60}", "fingerprints by scale and variant")
    rows = []
    for variant, file in fingerprints.items():
        found = file.read_text(encoding="utf-8", errors="replace").strip()
        if not re.fullmatch("[0-9a-f]+", found):
            raise InputError(file, repr(found[:80]), "the fingerprint of a dataset, in hexadecimal")
        same = [scale for scale, known in expected["datasets"].items() if known.get(variant) == found]
        rows.append((variant, found, " ".join(same)))
    table = pd.DataFrame(rows, columns=["variant", "fingerprint", "expected_at"])
    output.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(output, index=False)
    return table


def installed() -> dict[str, str]:
    """Return the versions of the packages that the pixels depend on."""
    return {name: versions()[name] for name in PACKAGES}


def _probe_variant(name: str, stock: Stock) -> str:
    spec = VariantSpec.from_dict({"name": name})
    digest = hashlib.sha256()
    for index in range(PROBED):
        composite = compose(spec, "train", index, 0, stock)
        digest.update(composite.image.tobytes() + label_text(composite).encode())
    return digest.hexdigest()


def _ellipse(name: str, side: int) -> Cutout:
    """Return a dark ellipse with a darker core on flat grey; integer arithmetic draws it."""
    rows, columns = np.mgrid[: side + 12, : 2 * side + 12] - np.array([side // 2 + 6, side + 6])[:, None, None]
    distance = 4 * rows**2 + columns**2
    mask = distance < side**2
    crop = np.where(mask, np.where(distance < side**2 // 4, 70, 100 + 5 * CLASSES.index(name)), 150).astype(np.uint8)
    return Cutout(f"probe-{name}-{side}", name, crop, mask, background=150.0)


def main() -> None:
    """Write the expected file from the tables of several runs, given as ``scale=table``."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("tables", nargs="+", metavar="SCALE=TABLE")
    datasets = {}
    for scale, _, table in (argument.partition("=") for argument in parser.parse_args().tables):
        datasets[scale] = dict(pd.read_csv(table, dtype=str)[["variant", "fingerprint"]].itertuples(index=False))
    content = {"versions": installed(), "probe": probe(), "datasets": datasets}
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(HEADER + yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


if __name__ == "__main__":
    main()
