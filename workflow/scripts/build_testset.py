"""Rule build_testset: frames and true boxes of one test set, or the reason why there are none."""

from pathlib import Path

from rbcflow.runtime import logs
from rbcflow.runtime.lineage import origins_of
from rbcflow.runtime.provenance import Recorder
from rbcflow.sources import record
from rbcflow.testsets import builders as testsets
from rbcflow.testsets.labelled import build_yolo_folder
from rbcflow.testsets.stress import KINDS, build_stress

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    name, spec = snakemake.wildcards.testset, snakemake.params.spec
    folder, made_from = Path(snakemake.output.description).parent, Path(snakemake.input.source)
    common = {"name": name, "max_frames": spec["max_frames"], "origin": origins_of([made_from])}
    if spec["kind"] in ("variant", "composed"):
        testsets.build_variant_test(made_from.parent, folder, split=spec.get("split", "test"), **common)
    elif spec["kind"] in KINDS:
        build_stress(made_from.parent, folder, name=name, kind=spec["kind"])
    else:
        source = record.read(made_from)
        common["source"] = source.source
        raw = Path(source.folder)
        if source.status != "available":
            testsets.write_unavailable(folder, name=name, source=source.source, reason=source.reason)
        elif spec["kind"] == "flow_public":
            testsets.build_flow_public(raw, folder, annotations=Path(snakemake.input.annotations), **common)
        elif spec["kind"] == "naples":
            testsets.build_naples(raw, folder, exact_truth=source.exact_truth, **common)
        elif spec["kind"] == "singapore_raw":
            cells = Path(snakemake.input.get("cells") or "")
            testsets.build_singapore_raw(raw, folder, cells=cells, exact_truth=source.exact_truth, **common)
        elif spec["kind"] == "singapore_held_out":
            files = {name: Path(snakemake.input[name]) for name in ("cells", "splits")}
            testsets.build_singapore_held_out(raw, folder, exact_truth=source.exact_truth, **files, **common)
        elif spec["kind"] == "naples_published":
            testsets.build_naples_published(raw, folder, **common)
        elif spec["kind"] == "yolo_folder":
            known = {key: spec[key] for key in ("pattern", "classes")}
            build_yolo_folder(raw, folder, table=Path(spec["table"]) if spec["table"] else None, **known, **common)
        elif spec["kind"] == "saarland_frames":
            scheme = spec["scheme"]
            testsets.build_saarland_frames(raw, folder, scheme=scheme, exact_truth=source.exact_truth, **common)
        else:
            build = getattr(testsets, f"build_{spec['kind']}")
            build(raw, folder, scheme=spec["scheme"], **common)
    recorder.write(snakemake.output.provenance)
