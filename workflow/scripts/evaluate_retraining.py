"""Rule evaluate_retraining: both detectors on the frames that were held out; the better one is kept."""

from pathlib import Path

from rbcflow.detector.fitting import Learned
from rbcflow.detector.weights import learned_cells, recorded
from rbcflow.recordings.network import load_finder
from rbcflow.recordings.retraining import evaluate_retraining
from rbcflow.runtime import logs

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    detector = snakemake.params.detector
    candidate = Path(snakemake.input.candidate).parent
    best = candidate / "weights" / "best.pt"
    look = {"threads": snakemake.threads, "device": "auto"}
    evaluate_retraining(
        [Path(probe).parent for probe in snakemake.input.probes],
        Path(snakemake.input.data),
        candidate,
        Path(snakemake.output.record).parent,
        old=load_finder(
            Path(detector["path"]),
            detector["sha256"],
            detector["classes"],
            learned=Learned(**detector["learned"]),
            **look,
        ),
        new=load_finder(best, recorded(best)["sha256"], {}, learned=Learned.of_cells(learned_cells(best)), **look),
        start=detector["name"],
        start_sha256=detector["sha256"],
    )
