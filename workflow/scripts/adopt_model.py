"""Rule adopt_model: a verified checkpoint in place of a training, as a model folder like any other."""

import tempfile
from pathlib import Path

from rbcflow.runtime import logs
from rbcflow.runtime.lineage import UNKNOWN
from rbcflow.runtime.provenance import Recorder
from rbcflow.training.adopt import adopt

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake, origin=[UNKNOWN])
    checkpoint = snakemake.params.checkpoint
    with tempfile.TemporaryDirectory() as config:
        adopt(
            Path(checkpoint["path"]),
            checkpoint["sha256"],
            Path(snakemake.output.record).parent,
            classes=list(snakemake.params.classes),
            config=Path(config),
        )
    recorder.write(snakemake.output.provenance)
