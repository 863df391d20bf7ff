"""Rule recordings: say what came out and where the results are."""

import json
from pathlib import Path

from rbcflow.core.tables import read_csv
from rbcflow.runtime import logs

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    summary = Path(snakemake.input.summary)
    probes = [json.loads(Path(probe).read_text(encoding="utf-8")) for probe in snakemake.input.probes]
    rows = read_csv(summary, "the summary of recordings", ["level", "recording", "verdict"], dtype={"recording": str})
    rows = rows[rows["level"] == "recording"].set_index("recording")
    print("\nYour recordings:")
    for probe in probes:
        row = rows.loc[probe["recording"]]
        cells = f", {row['cells']:.0f} cells" if row["verdict"] == "usable" else f": {row['reasons']}"
        print(f"  {probe['recording']} ({probe['n_frames']} frames): {row['verdict']}{cells}")
        for warning in probe["warnings"]:
            print(f"    note: {warning}")
    print(f"Open {snakemake.input.page} in a browser; recordings.xlsx beside it has all tables.\n")
