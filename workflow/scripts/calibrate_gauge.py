"""Rule calibrate_gauge: how average precision follows from what own recordings show without truth."""

import json
from pathlib import Path

import pandas as pd

from rbcflow.detector.fitting import Learned
from rbcflow.detector.looks import Reference
from rbcflow.detector.weights import recorded
from rbcflow.recordings import gauging
from rbcflow.recordings.network import load_finder
from rbcflow.runtime import logs
from rbcflow.testsets.files import read_testset

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    weights, record = (
        Path(snakemake.input.weights),
        json.loads(Path(snakemake.input.record).read_text(encoding="utf-8")),
    )
    sha256, learned = recorded(weights)["sha256"], Learned.of_cells(record.get("cells"))
    finder = load_finder(weights, sha256, {}, learned=learned, threads=snakemake.threads)
    space = gauging.training_space(Path(snakemake.input.images), snakemake.params.imgsz, finder)
    folders = [Path(file).parent for file in snakemake.input.testsets]
    seen = {folder.name: gauging.look_at_conditions(folder, finder) for folder in folders}
    sources = {folder.name: read_testset(folder).meta["source"] for folder in folders}
    counted = pd.read_csv(snakemake.input.conditions)
    # the gauge looks at frames as they are
    counted = counted[(counted["model"] == "universal") & (counted["size"] == "native")]
    rows = gauging.rows_of(seen, sources, counted, space, learned.side)
    common = {"sha256": sha256, "space": space, "reference": Reference.of_record(record), "side": learned.side}
    gauge, table = gauging.calibrate(seen, rows, common)
    gauging.write(gauging.as_dict(gauge, table), Path(snakemake.output.gauge))
    table.to_csv(snakemake.output.table, index=False, float_format="%.5g")
