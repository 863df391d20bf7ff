"""Whether cutting cells out of recordings streams: peak memory and seconds for few and for many TIFF stacks.

``PYTHONPATH=workflow/scripts python bench/extraction.py --json results/bench/extraction.json``, or `make bench`.
Naples phantoms of 4 and of 16 stacks are simulated, cells are cut from each in a process of its own, and the largest
resident memory of both is compared: it must not grow with the number of stacks. Seconds are of the cut alone.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STACKS = (4, 16)


def cut(folder: Path, target: Path) -> dict[str, float]:
    """Cut the cells of a Naples folder and return peak memory, seconds and the number of cells."""
    from rbcflow.cells.bank import write_bank
    from rbcflow.cells.cut import Job, cut_cells
    from rbcflow.sources.laboratories import known

    started = time.perf_counter()
    table = write_bank(
        target, cut_cells(["background"], Job("naples", "naples", folder, extraction=known()["naples"].extraction))
    )
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"peak_mb": round(peak, 1), "seconds": round(seconds, 2), "objects": len(table)}


def measure() -> list[dict[str, float]]:
    """Draw the phantoms and cut each in a fresh process."""
    from rbcflow.laboratories.naples import phantom as naples

    rows = []
    for stacks in STACKS:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "naples"
            naples.write(folder, seed=0, velocities=[0.12, 0.44, 0.7, 1.0], tiffs_per_velocity=stacks // 4, pages=14)
            command = [sys.executable, __file__, "--cut", str(folder), str(Path(scratch) / "bank")]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            rows.append({"stacks": stacks, **json.loads(done.stdout)})
    return rows


def main() -> None:
    """Print and write the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, default=Path("results/bench/extraction.json"))
    parser.add_argument("--cut", nargs=2, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.cut:
        print(json.dumps(cut(*arguments.cut)))
        return
    rows = measure()
    for row in rows:
        print("{stacks:3d} stacks: {peak_mb:7.1f} MB at most, {seconds:6.2f} s, {objects} objects".format(**row))
    print(f"memory {STACKS[1]} / {STACKS[0]} stacks: {rows[1]['peak_mb'] / rows[0]['peak_mb']:.3f}")
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
