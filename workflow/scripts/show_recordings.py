"""Rule recordings: say what came out and where the results are; fail where a recording could not be read."""

import json
from pathlib import Path

from rbcflow.core.tables import read_csv
from rbcflow.recordings.stage import told
from rbcflow.runtime import logs

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    probes = [json.loads(Path(probe).read_text(encoding="utf-8")) for probe in snakemake.input.probes]
    rows = read_csv(Path(snakemake.input.summary), "the summary of recordings", ["level", "recording", "verdict"],
                    dtype={"recording": str})  # fmt: skip
    print(told(probes, rows, snakemake.input.page))
    if any(probe["refused"] for probe in probes):
        # everything else is done; a script that starts this command must see that not all of it is
        raise SystemExit(1)
