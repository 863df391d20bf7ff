"""Rule package_universal: the universal checkpoint with curves, record, conditions and model card."""

import json
import shutil
from pathlib import Path

from rbcflow.runtime import logs
from rbcflow.training.card import universal_card

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    for name in ("weights", "record", "curves", "conditions", "gauge", "readings", "found"):
        shutil.copyfile(snakemake.input[name], snakemake.output[name])
    record = json.loads(Path(snakemake.input.record).read_text(encoding="utf-8"))
    card = universal_card(
        record,
        banks=snakemake.params.banks,
        curves=Path(snakemake.input.curves),
        metadata=Path(snakemake.input.metadata),
        weights=Path(snakemake.output.weights),
        conditions=Path(snakemake.input.conditions),
        gauge=Path(snakemake.input.gauge),
    )
    Path(snakemake.output.card).write_text(card, encoding="utf-8")
