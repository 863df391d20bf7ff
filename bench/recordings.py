"""How right counts and speeds of own recordings are: simulated recordings with known truth, up to and beyond the limit.

``PYTHONPATH=workflow/scripts python bench/recordings.py --json results/bench/recordings.json``, or `make bench`.

Boxes are simulated, not detected: cells of 40 +- 8 by 25 +- 4 pixels in frames of 400 x 80, on random free ways, by a
parabola of speeds across the channel, 5 % of the boxes missed, ends shaken by a pixel, a false box every twenty frames,
a fifth of touching neighbours in one box. Cells that never have a box of their own in two frames are not asked for.
Errors are those of the number of cells that count, and of their mean speed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from rbcflow.recordings import flux, link, summarise, validity
from rbcflow.recordings.simulated import Setup, simulate

SPEEDS = (5, 10, 20, 30, 45, 80, 120)
SPACINGS = (20, 40, 80, 160, 320)
BEYOND = (140, 160, 200, 240, 300, 400, 500, 800)
CELLS = 120
HARMS = {
    "none": {},
    "12 % missed, a false box every 7 frames": {"misses": 0.12, "false_boxes": 0.15},
    "ends shaken by 2.5 px": {"jitter": 2.5},
    "half of touching cells in one box": {"merges": 0.5},
    "8 frames lost": {"lost": (20, 21, 22, 40, 60, 61, 80, 100)},
    "4 frames lost, not numbered": {"uncounted": (20, 50, 51, 90)},
    "2 stuck frames": {"stuck": (25, 75)},
    "dirt in 3 places": {"dirt": 3},
    "cells anywhere across (slow trains)": {"scatter": 1.0},
}


def measure(case: tuple[Setup, int]) -> dict[str, float]:
    """Return errors and verdict of one simulated recording."""
    setup, seed = case
    simulated = simulate(setup, seed=seed)
    start = time.perf_counter()
    links = link.link(simulated.boxes, simulated.frames, simulated.probe)
    cells = summarise.cells(links, simulated.probe)
    seconds = time.perf_counter() - start
    counted = flux.count(links, simulated.probe)
    verdict = validity.evaluate(simulated.boxes, simulated.frames, simulated.probe, links, cells, counted)
    own, true = cells[cells["counted"].astype(bool)], simulated.true[simulated.true["found"]]
    speed = true["velocity_px_frame"].mean()
    found = own["velocity_px_frame"].mean() if len(own) else np.nan
    return {
        "linked": links.flow.linkable,
        "usable": verdict.verdict == "usable",
        "true": len(true),
        "count_error": len(own) / len(true) - 1 if links.flow.linkable else np.nan,
        "velocity_error": found / speed - 1,
        "flux_error": counted.seen / len(true) - 1 if counted.seen else np.nan,
        "boxes_a_second": len(simulated.boxes) / seconds,
    }


def study(cases: dict[tuple, Setup], seeds: int, names: list[str]) -> pd.DataFrame:
    """Return the mean of linked and usable, and the median and worst of errors, for each case over seeds."""
    work = [(setup, seed) for setup in cases.values() for seed in range(seeds)]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        rows = pool.map(measure, work, chunksize=1)
    index = pd.MultiIndex.from_tuples([key for key in cases for _ in range(seeds)], names=names)
    by = pd.DataFrame(rows, index=index).groupby(level=list(range(len(names))), sort=False)
    errors = [name for name in rows[0] if name.endswith("error")]
    table = by[["linked", "usable"]].mean().join(by["true"].mean().round(0))
    for name in errors:
        table[f"{name}_median"] = 100 * by[name].median()
        table[f"{name}_worst"] = 100 * by[name].agg(lambda values: max(values.dropna(), key=abs, default=np.nan))
    return table.join(by["boxes_a_second"].mean().round(0))


def main() -> None:
    """Run the study, print its tables, and write them where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="recordings a case")
    parser.add_argument("--json", type=Path, help="file to write the numbers to")
    arguments = parser.parse_args()
    within = {(v, s): Setup(speed=v, spacing=s, cells=CELLS) for v in SPEEDS for s in SPACINGS}
    beyond = {(v, s): Setup(speed=v, spacing=s, cells=CELLS) for v in BEYOND for s in (20, 80, 320)}
    plain = Setup(speed=45, spacing=80, cells=CELLS)
    harmed = {(name,): replace(plain, **harm) for name, harm in HARMS.items()}
    tables = {
        "within": study(within, arguments.seeds, ["px_frame", "spacing_px"]),
        "beyond": study(beyond, arguments.seeds, ["px_frame", "spacing_px"]),
        "harmed": study(harmed, arguments.seeds, ["harm"]),
    }
    for name, table in tables.items():
        print(f"{name} (errors in %)\n{table.round(1).to_string()}\n")
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        content = {name: table.reset_index().to_dict("records") for name, table in tables.items()}
        arguments.json.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
