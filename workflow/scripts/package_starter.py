"""Rule package_starter: the starter checkpoint with curves, record and model card, as `resources/starter` has them."""

import json
import shutil
from pathlib import Path

from rbcflow.runtime import logs
from rbcflow.training.card import starter_card

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    for name in ("weights", "record", "curves"):
        shutil.copyfile(snakemake.input[name], snakemake.output[name])
    record = json.loads(Path(snakemake.input.record).read_text(encoding="utf-8"))
    card = starter_card(
        record,
        curves=Path(snakemake.input.curves),
        metadata=Path(snakemake.input.metadata),
        weights=Path(snakemake.output.weights),
    )
    Path(snakemake.output.card).write_text(card, encoding="utf-8")
