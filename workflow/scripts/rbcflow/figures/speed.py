"""Where the time went: seconds by rule, from Snakemake's benchmark files (figure ``seconds_by_rule``)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from rbcflow.errors import InputError
from rbcflow.figures import style


def read_benchmarks(folder: Path) -> pd.DataFrame:
    """Return one row a job: ``rule``, ``seconds``, ``max_rss`` in megabytes (NaN for jobs too short to be sampled).

    Args:
        folder: has ``{rule}/{wildcards}.tsv`` or ``{rule}.tsv``, as Snakemake writes them.

    Raises:
        InputError: a file has no column ``s``.
    """
    rows = []
    for path in sorted(folder.rglob("*.tsv")):
        table = pd.read_csv(path, sep="\t", na_values=["-"])
        if "s" not in table or table.empty:
            raise InputError(
                path, f"columns {', '.join(table.columns)}", "a Snakemake benchmark with column s and a row"
            )
        rule = path.relative_to(folder).parts[0].removesuffix(".tsv")
        rows.append((rule, float(table["s"].mean()), float(table["max_rss"].max())))
    return pd.DataFrame(rows, columns=["rule", "seconds", "max_rss"])


def seconds_by_rule(benchmarks: Path, output: Path) -> None:
    """Draw the seconds all jobs of each rule took together, with their number and largest memory.

    Args:
        benchmarks: folder of benchmark files.
        output: PNG file.
    """
    jobs = read_benchmarks(benchmarks)
    if jobs.empty:
        style.notice(output, "No job was timed.")
        return
    rules = jobs.groupby("rule").agg(seconds=("seconds", "sum"), jobs=("seconds", "size"), memory=("max_rss", "max"))
    rules = rules.sort_values("seconds", ascending=False, kind="stable")
    total = rules["seconds"].sum()
    note = style.note(
        f"{total:.0f} s in {len(jobs)} jobs, added up as if one ran after the other", "memory: largest job"
    )
    with style.canvas(output, style.PAGE_MM, 14 + 5 * len(rules), note) as figure:
        axes = figure.subplots()
        bars = axes.barh(rules.index, rules["seconds"], color=style.COLOURS["accent"], height=0.7)
        axes.bar_label(bars, [_label(row) for row in rules.itertuples()], padding=3, fontsize=6.5)
        axes.invert_yaxis()
        axes.set_xlabel("seconds")
        axes.margins(x=0.26)
        axes.tick_params(axis="y", length=0)


def _label(row: object) -> str:
    memory = "" if pd.isna(row.memory) else f", {row.memory:.0f} MB"
    return f"{row.seconds:.1f} s, {row.jobs} job{'s' if row.jobs > 1 else ''}{memory}"
