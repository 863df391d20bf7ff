"""Rule recordings: say where the results are."""

import json
from pathlib import Path

from rbcflow import logs
from rbcflow.recordings.detect import read_record

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    print("\nYour recordings:")
    for probe, boxes in zip(snakemake.input.probes, snakemake.input.boxes, strict=True):
        recording, record = json.loads(Path(probe).read_text(encoding="utf-8")), read_record(Path(boxes))
        print(
            f"  {Path(boxes).parent}: {record['boxes']} boxes on {record['frames']} frames, scale {record['scale']:g}"
        )
        for warning in recording["warnings"]:
            print(f"    note: {warning}")
    print()
