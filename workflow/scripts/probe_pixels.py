"""Rule probe_pixels: a few cells and images at the start, to say at once where a processor computes other pixels."""

import sys
from pathlib import Path

from rbcflow.reproduction.probe import write_probe
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    different = write_probe(snakemake.params.committed, Path(snakemake.output.table))
    if different:
        found = f"This processor, or these packages, compute other pixels than committed: {', '.join(different)}."
        print(f"\n{found} The report says which datasets it concerns.\n", file=sys.stderr)
    recorder.write(snakemake.output.provenance)
