"""Rule build_testset: frames and true boxes of one test set, or the reason why there are none."""

from pathlib import Path

from rbcflow.runtime import logs
from rbcflow.runtime.lineage import origins_of
from rbcflow.runtime.provenance import Recorder
from rbcflow.sources import record
from rbcflow.sources.extraction import Thresholds
from rbcflow.testsets.files import write_unavailable
from rbcflow.testsets.registry import BUILDERS, build, builder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    name, spec = snakemake.wildcards.testset, dict(snakemake.params.spec)
    folder, made_from = Path(snakemake.output.description).parent, Path(snakemake.input.source)
    kind, table = spec.pop("kind"), spec.pop("table", None)
    if "background" in spec:
        spec["background"] = Thresholds(**spec["background"])
    files = {key: Path(value or "") for key, value in snakemake.input.items() if key != "source"}
    offered = {
        **spec,
        **files,
        "name": name,
        "origin": origins_of([made_from]),
        "table": Path(table) if table else None,
    }
    if kind in BUILDERS:
        build(BUILDERS[kind], made_from.parent, folder, offered)
    else:
        source = record.read(made_from)
        if source.status == "available":
            own = {"source": source.source, "exact_truth": source.exact_truth}
            build(builder(kind, source.layout), Path(source.folder), folder, offered | own)
        else:
            write_unavailable(folder, name=name, source=source.source, reason=source.reason)
    recorder.write(snakemake.output.provenance)
