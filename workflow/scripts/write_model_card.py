"""Rule write_model_card: what a model was made from, how it does, and what it must not be used for."""

import json
from pathlib import Path

from rbcflow.runtime import logs
from rbcflow.training.card import model_card

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    folder = Path(snakemake.input.record).parent
    card = model_card(
        folder,
        title=snakemake.params.title,
        metrics=[json.loads(Path(file).read_text(encoding="utf-8")) for file in snakemake.input.metrics],
    )
    Path(snakemake.output.card).write_text(card, encoding="utf-8")
