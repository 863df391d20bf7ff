"""Rule import_dataset: take the images of a dataset that was composed elsewhere."""

from pathlib import Path

from rbcflow.datasets.imported import import_archive, import_folder
from rbcflow.datasets.spec import VariantSpec
from rbcflow.runtime import logs
from rbcflow.runtime.lineage import PUBLISHED, UNKNOWN
from rbcflow.runtime.provenance import Recorder, sha256
from rbcflow.sources import seen
from rbcflow.sources.listing import listed

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    origin, variant = snakemake.params.origin, snakemake.wildcards.variant
    recorder = Recorder.of_job(snakemake, origin=[UNKNOWN if "path" in origin else PUBLISHED])
    classes = len(VariantSpec.from_dict({"name": variant, **snakemake.params.compose}).classes)
    dataset = Path(snakemake.output.train).parents[2]
    if "path" in origin:
        import_folder(Path(origin["path"]), dataset, classes=classes)
        files = listed(Path(origin["path"]), "yolo_folder")
        sums = {name: sha256(path) for name, path in files.data.items()}
        seen.keep(files, sums, dataset / seen.NAME, origin["listing"])
    else:
        import_archive(
            origin["url"],
            origin["folder"],
            dataset,
            images=origin["images"],
            table=origin["table"],
            classes=classes,
            known=Path(f"resources/published/{variant}.fingerprint"),
        )
    for split in ("train", "val", "test"):
        recorder.write(Path(snakemake.output[split]) / "provenance.json")
