"""Rules score_segmentation_by_<what>: extraction methods on every source with known masks that they can take."""

from pathlib import Path

from rbcflow.cells.method_job import NETWORKS, job_of, remarks_on
from rbcflow.metrics.outlines import score, unavailable, write
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder
from rbcflow.sources import record

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    sources = {Path(file).parent.name: Path(file) for file in snakemake.input.records}
    trained = {name: Path(file) for name, file in snakemake.input.items() if name in NETWORKS}
    frames, source_fingerprint = snakemake.params.frames, snakemake.params.source_fingerprint
    for method, summary, provenance in zip(
        snakemake.params.methods, snakemake.output.summaries, snakemake.output.provenance, strict=True
    ):
        # a record a method, of what that method was scored on
        networks, records = method["networks"], [sources[name] for name in method["sources"]]
        inputs = {name: file for name, file in trained.items() if name in method["needs"]} | {"records": records}
        params = {
            "networks": networks,
            "extraction": method["extraction"],
            "frames": frames,
            "source_fingerprint": source_fingerprint,
        }
        recorder = Recorder(
            "score_segmentation",
            inputs,
            params,
            {"method": method["method"]},
            tools=NETWORKS,
            remarks=remarks_on(networks),
        )
        folder, scored = Path(summary).parent, []
        for source in map(record.read, records):
            if source.status == "available":
                extraction = method["extraction"][source.source]
                job = job_of(
                    source, networks, extraction, inputs, scratch=folder / ".ultralytics", threads=snakemake.threads
                )
                scored.append(score(method["method"], job, source, frames=frames))
            else:
                scored.append(unavailable(method["method"], source))
        write(scored, folder)
        recorder.write(provenance)
