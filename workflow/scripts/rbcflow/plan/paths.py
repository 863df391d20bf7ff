"""Files that rules of other stages wait for, by what they are of; ``<results>`` is Snakemake's to fill in."""

from __future__ import annotations

from collections.abc import Iterable

SPLITS = ("train", "val", "test")


def record(source: str) -> str:
    """Return the record of a source's files."""
    return f"<results>/raw/{source}/source.json"


def cells(bank: str) -> str:
    """Return the table of a bank of cells."""
    return f"<results>/cells/{bank}/cells.csv"


def clusters(bank: str) -> str:
    """Return the verdicts of the cluster filter on a bank."""
    return f"<results>/clusters/{bank}.csv"


def outlines(method: str) -> str:
    """Return how well an extraction method outlines cells."""
    return f"<results>/outlines/{method}/summary.json"


def splits(scheme: str, banks: str) -> str:
    """Return the table that divides the cells of some banks by a scheme."""
    return f"<results>/splits/{scheme}/{banks}.csv"


def dataset(variant: str) -> str:
    """Return the fingerprint of a dataset, which is written when all of it is there."""
    return f"<results>/datasets/{variant}/fingerprint.txt"


def testset(name: str) -> str:
    """Return the description of a test set."""
    return f"<results>/testsets/{name}/testset.json"


def predictions(runs: Iterable[str], suffix: str = "parquet") -> list[str]:
    """Return the predictions of some runs, or the records beside them."""
    return [f"<results>/predictions/{run}.{suffix}" for run in runs]


def counted(runs: Iterable[str], file: str = "metrics.json") -> list[str]:
    """Return a file in the folder of each run's counts."""
    return [f"<results>/validation/{run}/{file}" for run in runs]


def errors(runs: Iterable[str], file: str = "errors.csv") -> list[str]:
    """Return a file in the folder of each run's worst errors."""
    return [f"<results>/errors/{run}/{file}" for run in runs]


def table(name: str) -> str:
    """Return a table over all of a run."""
    return f"<results>/tables/{name}.csv"


def recordings(names: Iterable[str], file: str) -> list[str]:
    """Return a file in the folder of each own recording."""
    return [f"<results>/recordings/{name}/{file}" for name in names]


def downloaded(weights: str) -> str:
    """Return where a checkpoint of the table of weights is downloaded to."""
    return f"resources/weights/{weights}"
