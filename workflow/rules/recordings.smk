# recordings: recordings of your own, from a sheet to results/recordings/. No truth, no split, no claim: nothing of the rebuild reads them,
# and they need none of its results. A job a recording.


from rbcflow.plan.recordings import Recordings

try:
    OWN = Recordings(CONFIG, DISK)
except InputError as error:
    raise WorkflowError(f"The recordings cannot be read.\n{error}") from None


wildcard_constraints:
    recording=alternatives(OWN.rows),


rule read_recording:
    """Decodes the recording once: frames, their size and numbers, one mapping to 8 bits. All that boxes depend on,
    and no more."""
    input:
        file=lambda wildcards: OWN.rows[wildcards.recording].file,
    output:
        metadata="<results>/recordings/{recording}/metadata.json",
        provenance="<results>/recordings/{recording}/provenance.json",
    log:
        "<logs>/read_recording/{recording}.log",
    benchmark:
        "<benchmarks>/read_recording/{recording}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1500),
        runtime=growing(60),
    params:
        row=lambda wildcards: OWN.row(wildcards.recording, "recording", "file", "roi", "first", "last"),
        listing=lambda wildcards: DISK.recording_listing(OWN.rows[wildcards.recording].file),
        source_fingerprint=source_fingerprint("read_recording"),
    message:
        "Reading {wildcards.recording}"
    script:
        "../scripts/read_recording.py"


rule probe_recording:
    """Puts the sheet's facts beside the file's, or names a contradiction."""
    input:
        metadata="<results>/recordings/{recording}/metadata.json",
    output:
        probe="<results>/recordings/{recording}/probe.json",
    log:
        "<logs>/probe_recording/{recording}.log",
    benchmark:
        "<benchmarks>/probe_recording/{recording}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing(5),
    params:
        row=lambda wildcards: OWN.row(wildcards.recording),
        source_fingerprint=source_fingerprint("probe_recording"),
    message:
        "Comparing the sheet with {wildcards.recording}"
    script:
        "../scripts/probe_recording.py"


rule detect_recording:
    """Finds the cells on every frame. It does not wait for the probe: a changed condition or rate finds no cell
    anew."""
    input:
        metadata="<results>/recordings/{recording}/metadata.json",
        file=lambda wildcards: OWN.rows[wildcards.recording].file,
        detector=lambda wildcards: OWN.detector_file(),
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
        scale=lambda wildcards: OWN.rows[wildcards.recording].scale,
        pixel_um=lambda wildcards: OWN.rows[wildcards.recording].pixel_um,
        detector=lambda wildcards: OWN.detector.params(),
        source_fingerprint=source_fingerprint("detect_recording"),
    message:
        "Finding the cells of {wildcards.recording}"
    script:
        "../scripts/detect_recording.py"


rule link_recording:
    """Follows the cells by their common displacement, or refuses to."""
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
        source_fingerprint=source_fingerprint("link_recording"),
    message:
        "Following the cells of {wildcards.recording}"
    script:
        "../scripts/link_recording.py"


rule evaluate_recording:
    """Measures the cells, counts them a second way, and says whether the recording may be used."""
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
        "<logs>/evaluate_recording/{recording}.log",
    benchmark:
        "<benchmarks>/evaluate_recording/{recording}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        alone=lambda wildcards: OWN.alone(wildcards.recording),
        source_fingerprint=source_fingerprint("evaluate_recording"),
    message:
        "Evaluating {wildcards.recording}"
    script:
        "../scripts/evaluate_recording.py"


rule draw_recording:
    """Draws boxes with the numbers of their cells over consecutive frames, and the kymograph with the links."""
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
        source_fingerprint=source_fingerprint("draw_recording"),
    message:
        "Drawing {wildcards.recording}"
    script:
        "../scripts/draw_recording.py"


rule summarise_recordings:
    """Puts all recordings of the sheet together. `check.tsv` is no output: what is filled in by hand must outlive
    every rerun."""
    input:
        verdicts=lambda wildcards: paths.recordings(OWN.names(), "verdict.json"),
        drawings=lambda wildcards: paths.recordings(OWN.names(), "overlay.gif"),
        templates=templates("recordings/templates", "report/templates/page.css"),
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
        recordings=lambda wildcards: OWN.names(),
        named=lambda wildcards: DISK.named_by_hand(),
        source_fingerprint=source_fingerprint("summarise_recordings"),
    message:
        "Putting the recordings together"
    script:
        "../scripts/summarise_recordings.py"


rule recordings:
    """The target for people: everything there is about the recordings, and where it lies."""
    input:
        probes=lambda wildcards: paths.recordings(OWN.names(), "probe.json"),
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
