"""Write every file and table of the docs that the code decides (``make config``).

A table stands between ``<!-- table: name -->`` and ``<!-- end -->`` in a page; a test fails when a page differs from
what this writes. ``config.write`` has the configuration's own files.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from rbcflow.config import write
from rbcflow.plan.stages import STAGES
from rbcflow.sources import laboratories
from rbcflow.testsets.labels import Labels

PAGES = ("docs/architecture.md", "docs/outputs.md", "docs/own-data.md")
"""Pages with tables."""

TABLE = re.compile(r"(?<=<!-- table: )(\w+)( -->\n)(.*?)(?=<!-- end -->)", re.DOTALL)


def stages() -> str:
    """Return the stages in the order of the data flow."""
    rows = [
        (
            stage.name,
            code(f"{name}.smk" for name in stage.rules),
            code(stage.library),
            code(f"results/{place}" for place in stage.writes),
            stage.says,
        )
        for stage in STAGES
    ]
    return write.table(("stage", "rules", "library", "writes", "in one line"), rows)


def layouts() -> str:
    """Return what each laboratory's layout takes."""
    rows = [
        (f"`{own.layout}`", own.takes, own.stands, code(own.methods) or "none", code(own.kinds) or "none")
        for own in laboratories.known().values()
    ]
    return write.table(("layout", "what it takes", "where a file stands", "usable methods", "test set kinds"), rows)


def kinds() -> str:
    """Return what each kind of test set holds."""
    rows = [(f"`{name}`", f"`{own.layout}`", kind.says) for name, (own, kind) in laboratories.kinds().items()]
    rows += [(f"`{name}`", "none of its own", kind.says) for name, kind in laboratories.OF_OTHERS.items()]
    return write.table(("kind", "layout", "what it holds"), rows)


def labels() -> str:
    """Return where the true boxes of a test set can come from."""
    return write.table(("labels", "what the true boxes are"), [(f"`{one}`", one.says) for one in Labels])


def columns() -> str:
    """Return the columns of the tables that stages hand to each other."""
    # libraries of the stages are heavy, and nothing else here needs them
    from rbcflow.cells import bank, clusters, leakage, splits
    from rbcflow.claims import published
    from rbcflow.metrics import check, error_kinds, groups, inputs, looks, matching, outlines, sizes
    from rbcflow.reproduction import fingerprints
    from rbcflow.sources import counts
    from rbcflow.testsets import files

    tables = {
        "cells/{bank}/cells.csv": bank.COLUMNS,
        "clusters/{bank}.csv": clusters.COLUMNS,
        "outlines/{method}/objects.csv": ["source", *outlines.COLUMNS],
        "splits/{scheme}/{banks}.csv": splits.COLUMNS,
        "testsets/{testset}/frames.csv": files.FRAME_COLUMNS,
        "testsets/{testset}/truth.csv": files.TRUTH_COLUMNS,
        "predictions/{run}.parquet": inputs.PREDICTION_COLUMNS,
        "validation/{run}/matches.csv": matching.MATCH_COLUMNS,
        "validation/{run}/errors.csv": error_kinds.COLUMNS,
        "validation/{run}/groups.csv": groups.COLUMNS,
        "tables/raw_counts.csv": counts.COLUMNS,
        "tables/leakage.csv": leakage.COLUMNS,
        "tables/fingerprints.csv": fingerprints.COLUMNS,
        "tables/published_counts.csv": published.COLUMNS,
        "tables/metric_checks.csv": check.COLUMNS,
        "tables/sizes.csv": sizes.COLUMNS,
        "tables/looks.csv": looks.COLUMNS,
    }
    return write.table(("file", "columns"), [(f"`{file}`", code(names)) for file, names in tables.items()])


def code(names) -> str:
    """Return names as code, with commas between them."""
    return ", ".join(f"`{name}`" for name in names)


TABLES: dict[str, Callable[[], str]] = {
    "stages": stages,
    "layouts": layouts,
    "kinds": kinds,
    "labels": labels,
    "columns": columns,
}


def rewritten(text: str) -> str:
    """Return a page with its tables written anew; raises KeyError for a table that there is not."""
    return TABLE.sub(lambda match: match[1] + match[2] + TABLES[match[1]](), text)


def main(project: Path = Path()) -> None:
    """Write the configuration's files and the pages below the project's folder."""
    write.main(project)
    for page in PAGES:
        file = project / page
        file.write_text(rewritten(file.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
