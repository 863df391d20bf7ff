# recordings: recordings of your own, from a sheet to results/recordings/. No truth, no split, no claim: nothing of the rebuild reads them,
# and they need none of its results. A job a recording.

from rbcflow.recordings.detectors import chosen
from rbcflow.recordings.sheet import recordings_of

try:
    RECORDINGS = recordings_of(CONFIG)
    DETECTOR = chosen(CONFIG) if RECORDINGS else None
except InputError as error:
    raise WorkflowError(f"The recordings cannot be read.\n{error}") from None


wildcard_constraints:
    recording=alternatives(RECORDINGS),


def own_recordings():
    """Return the names of the recordings that the configuration asks for."""
    if not RECORDINGS:
        raise WorkflowError(
            "No recording is named: add `--config recordings=my/recordings.tsv`, or `--config "
            "recording=video.avi pixel_um=0.26 fps=500`. docs/recordings.md has the columns of the sheet."
        )
    return list(RECORDINGS)


def recording_params(*names):
    """Return an input function: what the sheet says of a recording; all of it, or the named columns alone."""
    return lambda wildcards: RECORDINGS[wildcards.recording].model_dump(include=set(names) if names else None)


def recording_listing(wildcards):
    """Return a digest over the files of a folder of pictures, so that a changed one is read again; "" for a file."""
    path = Path(RECORDINGS[wildcards.recording].file)
    return code_tools.listing_digest(path) if path.is_dir() else ""


def only_of_its_condition(name):
    """Return whether no other recording has a recording's condition."""
    condition = RECORDINGS[name].condition
    return condition is not None and [row.condition for row in RECORDINGS.values()].count(condition) == 1


def named_by_hand():
    """Return a digest of the cells named by hand in `check.tsv`, "" while there are none."""
    path = Path(CONFIG.pathvars.get("results", "results")) / "recordings" / "check.tsv"
    return code_tools.filled_digest(path)


def detector_file(wildcards):
    """Return the detector a job must wait for because it is made or downloaded, if it is."""
    return DETECTOR.path if DETECTOR.made else []


# Decodes the recording once: frames, size, facts from the sheet and the file, one mapping to 8 bits.
rule probe_recording:
    input:
        file=lambda wildcards: RECORDINGS[wildcards.recording].file,
    output:
        probe="<results>/recordings/{recording}/probe.json",
        provenance="<results>/recordings/{recording}/provenance.json",
    log:
        "<logs>/probe_recording/{recording}.log",
    benchmark:
        "<benchmarks>/probe_recording/{recording}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1500),
        runtime=growing(60),
    params:
        row=recording_params(),
        listing=recording_listing,
        code=code("probe_recording"),
    message:
        "Reading {wildcards.recording}"
    script:
        "../scripts/probe_recording.py"


# Finds the cells on every frame. The probe is `ancient`: a changed condition or pixel size finds no cell anew.
rule detect_recording:
    input:
        probe=ancient("<results>/recordings/{recording}/probe.json"),
        file=lambda wildcards: RECORDINGS[wildcards.recording].file,
        detector=detector_file,
    output:
        boxes="<results>/recordings/{recording}/boxes.parquet",
        frames="<results>/recordings/{recording}/frames.parquet",
    log:
        "<logs>/detect_recording/{recording}.log",
    benchmark:
        "<benchmarks>/detect_recording/{recording}.tsv"
    conda:
        "../../environment.yml"
    threads: 4
    resources:
        mem_mb=growing(4000),
        runtime=growing(240),
        gpu=1,
    params:
        row=recording_params("file", "roi", "first", "last", "scale"),
        listing=recording_listing,
        detector=lambda wildcards: DETECTOR.params(),
        code=code("detect_recording"),
    message:
        "Finding the cells of {wildcards.recording}"
    script:
        "../scripts/detect_recording.py"


# Follows the cells by their common displacement, or refuses to.
rule link_recording:
    input:
        probe="<results>/recordings/{recording}/probe.json",
        boxes="<results>/recordings/{recording}/boxes.parquet",
        frames="<results>/recordings/{recording}/frames.parquet",
    output:
        tracks="<results>/recordings/{recording}/tracks.parquet",
        times="<results>/recordings/{recording}/times.csv",
        flow="<results>/recordings/{recording}/flow.json",
    log:
        "<logs>/link_recording/{recording}.log",
    benchmark:
        "<benchmarks>/link_recording/{recording}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        code=code("link_recording"),
    message:
        "Following the cells of {wildcards.recording}"
    script:
        "../scripts/link_recording.py"


# Measures the cells, counts them a second way, and says whether the recording may be used.
rule judge_recording:
    input:
        probe="<results>/recordings/{recording}/probe.json",
        boxes="<results>/recordings/{recording}/boxes.parquet",
        frames="<results>/recordings/{recording}/frames.parquet",
        flow="<results>/recordings/{recording}/flow.json",
    output:
        cells="<results>/recordings/{recording}/cells.csv",
        flux="<results>/recordings/{recording}/flux.json",
        verdict="<results>/recordings/{recording}/verdict.json",
    log:
        "<logs>/judge_recording/{recording}.log",
    benchmark:
        "<benchmarks>/judge_recording/{recording}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        alone=lambda wildcards: only_of_its_condition(wildcards.recording),
        code=code("judge_recording"),
    message:
        "Judging {wildcards.recording}"
    script:
        "../scripts/judge_recording.py"


# Draws boxes with the numbers of their cells over consecutive frames, and the kymograph with the links.
rule draw_recording:
    input:
        probe="<results>/recordings/{recording}/probe.json",
        flow="<results>/recordings/{recording}/flow.json",
        cells="<results>/recordings/{recording}/cells.csv",
    output:
        video="<results>/recordings/{recording}/overlay.mp4",
        gif="<results>/recordings/{recording}/overlay.gif",
        kymograph="<results>/recordings/{recording}/kymograph.png",
    log:
        "<logs>/draw_recording/{recording}.log",
    benchmark:
        "<benchmarks>/draw_recording/{recording}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        code=code("draw_recording"),
    message:
        "Drawing {wildcards.recording}"
    script:
        "../scripts/draw_recording.py"


# Puts all recordings of the sheet together. `check.tsv` is no output: what is filled in by hand must outlive every rerun.
rule summarise_recordings:
    input:
        verdicts=lambda wildcards: [f"<results>/recordings/{name}/verdict.json" for name in own_recordings()],
        drawings=lambda wildcards: [f"<results>/recordings/{name}/overlay.gif" for name in own_recordings()],
    output:
        boxes="<results>/recordings/boxes.csv",
        cells="<results>/recordings/cells.csv",
        summary="<results>/recordings/summary.csv",
        verdicts="<results>/recordings/verdicts.csv",
        columns="<results>/recordings/columns.csv",
        workbook="<results>/recordings/recordings.xlsx",
        page="<results>/recordings/index.html",
        conditions="<results>/recordings/conditions.png",
        pressures="<results>/recordings/pressures.png",
        tiles="<results>/recordings/tiles.png",
    log:
        "<logs>/summarise_recordings.log",
    benchmark:
        "<benchmarks>/summarise_recordings.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        recordings=lambda wildcards: own_recordings(),
        named=lambda wildcards: named_by_hand(),
        code=code("summarise_recordings"),
    message:
        "Putting the recordings together"
    script:
        "../scripts/summarise_recordings.py"


# The target for people: everything there is about the recordings, and where it lies.
rule recordings:
    input:
        probes=lambda wildcards: [f"<results>/recordings/{name}/probe.json" for name in own_recordings()],
        summary="<results>/recordings/summary.csv",
        page="<results>/recordings/index.html",
    log:
        "<logs>/recordings.log",
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing(5),
    message:
        "Everything about the recordings is there"
    script:
        "../scripts/show_recordings.py"
