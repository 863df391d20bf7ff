# Every function the rules use: settings, names for wildcards, and the inputs and params that depend on the tables.

import os
import re
import sys
from math import ceil
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

SCRIPTS = Path(workflow.current_basedir).parent / "scripts"
sys.path.insert(0, str(SCRIPTS))

from rbcflow.runtime import fingerprint as code_tools
from rbcflow.runtime.clock import from_the_future
from rbcflow.config import load
from rbcflow.config.possible import possible
from rbcflow.config.checks import read_counts, read_published
from rbcflow.config.load import check_files, testset_names
from rbcflow.config.models import PATHS, Rebuild
from rbcflow.core.errors import InputError
from rbcflow.figures.copies import copies_of
from rbcflow.figures.registry import DRAWS, ONLY_KEY, read_registry
from rbcflow.detector.hardware import processor
from rbcflow.runtime.memory import HUGE_PAGES
from rbcflow.recordings.detectors import chosen, new_name
from rbcflow.recordings.sheet import recordings_of
from rbcflow.core.yamlfile import read_yaml
from rbcflow.runtime.provenance import sha256 as checksum
from rbcflow.sources import seen
from rbcflow.sources.listing import listed

try:
    check_files(map(Path, workflow.configfiles))
    SETTINGS = load(config)
except InputError as error:
    raise WorkflowError(f"The configuration is wrong.\n{error}") from None

CONFIG = SETTINGS.config

# Jobs inherit this environment, on a cluster too, where every job reads these rules again.
os.environ.update(HUGE_PAGES | os.environ)

if ahead := from_the_future(Path(CONFIG.pathvars.get("results", "results"))):
    logger.warning(ahead)

WEIGHTS = read_yaml(Path(CONFIG.tables.weights))
POSSIBLE = possible(SETTINGS, {model: SETTINGS.checkpoint(model, WEIGHTS) for model in SETTINGS.models})
"""What can be made with the files that are there; all of it where laboratories are drawn."""

# own recordings need no laboratory's; the jobs of a run read these rules again and need not say it once more
if SETTINGS.missing_raw() and workflow.is_main_process and not (CONFIG.recordings or CONFIG.recording):
    missing = "\n".join(f"  {line}" for line in SETTINGS.missing_raw())
    # the target that looks at files needs none of them; Snakemake does not tell its targets here yet
    if (drawn := SETTINGS.drawn_before()) and "check_raw" not in sys.argv:
        raise WorkflowError(
            f"An earlier run left drawn files of {', '.join(drawn)} in the results folder; laboratories' files are wanted, and not there:\n"
            f"{missing}\nBring them, or name another results folder: `--config \"pathvars={{'results': 'measured'}}\"`."
        )
    lines = "\n".join(f"  {line}" for line in POSSIBLE.lines())
    logger.warning(
        f"The files of these laboratories are not there (origin `path`, `path` or `phantoms: false`):\n{missing}\n"
        f"What needs none of them can be made, all of it by the target `possible`:\n{lines}\n"
        "To have them drawn instead: `--config phantoms=true`. Every page made from phantoms says so.\n"
    )
EXPECTED = read_yaml(Path("resources/expected/fingerprints.yaml"))
"""Committed fingerprints: keys `probe` and `scales`."""


def alternatives(names):
    """Return a regular expression that matches one of the names and nothing else."""
    return "|".join(re.escape(name) for name in names) or "(?!)"


def sources_of(*origins):
    """Return the sources with one of the given origins."""
    return [name for name in SETTINGS.sources if SETTINGS.origin(name) in origins]


PRIORITY = {"probe": 60, "adopt": 55, "train": 50, "feed": 45, "compose": 40, "judge": 30, "outline": 25, "score": 20}
"""What goes first when several jobs could: trainings, of which one follows the other, and what they wait for; then counts,
on which comparisons of all runs wait; then networks, banks and outlines, which take minutes and must not come last."""

RECORDED = sources_of("phantom", "path", "url", "package")
RECORDED_BANKS = [name for name, bank in SETTINGS.banks.items() if bank.source in RECORDED]
CLUSTERED = [name for name, bank in SETTINGS.banks.items() if "unet_cellpose" in bank.paths]
MASKED = [name for name in RECORDED if SETTINGS.exact_truth(name) or SETTINGS.origin(name) == "package"]
"""Sources with true masks: those with exact truth, and the public recordings."""
SCORED = {path: [name for name in MASKED if SETTINGS.sources[name].layout in PATHS[path]] for path in PATHS}
SCORED = {path: sources for path, sources in SCORED.items() if sources}
"""Sources that each extraction path is scored on."""
SCORED_BY = {
    "networks": [path for path in SCORED if SETTINGS.networks([path])],
    "rules": [path for path in SCORED if not SETTINGS.networks([path])],
}
SCORED_BY = {kind: paths for kind, paths in SCORED_BY.items() if paths}
"""The paths that one job scores."""
FEEDING = sorted({bank for variant in SETTINGS.variants.values() for bank in variant.banks} & set(POSSIBLE.banks))
"""Cell banks that datasets are composed from, without those of a laboratory whose files are not there."""
TESTSETS = testset_names(SETTINGS.variants, SETTINGS.testsets)
JUDGED_ON = {run.testset for run in SETTINGS.runs.values()}
RECORDED_TESTSETS = [name for name in SETTINGS.testsets if name in JUDGED_ON]
"""Test sets of recordings that a run is judged on."""
SPLITS = ["train", "val", "test"]


wildcard_constraints:
    source=alternatives(SETTINGS.sources),
    bank=alternatives(SETTINGS.banks),
    variant=alternatives(SETTINGS.variants),
    model=alternatives(SETTINGS.models),
    testset=alternatives(TESTSETS),
    run=alternatives(SETTINGS.judged),
    split=alternatives(SPLITS),
    shard=r"\d{3}",
    seed=r"\d+",


CODE = code_tools.Library(SCRIPTS, kept=Path(".snakemake/code.json"))


def code(script, *named):
    """Return the fingerprint of a script and of the library modules it reaches: the param that makes changed logic rerun."""
    return CODE.fingerprint(f"{script}.py", *named)


def no_limit_on_starts():
    """Take away the limit of 100 job starts a second that Snakemake has by default; another one is the user's and stays.

    For its sake the scheduler looks for more to do once a second, for every job that ever ended once more, until the last
    has ended: half of its own time. No run here comes near the limit.
    """
    limiter = getattr(workflow.scheduler, "job_rate_limiter", None)
    if limiter and (limiter.max_jobs, limiter.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None


def growing(first):
    """Return a resource that grows with the attempt: a job that failed gets twice, then three times as much."""
    return lambda wildcards, attempt: first * attempt


# raw


def phantom_params(wildcards):
    """Return what a source's phantom is drawn with."""
    return phantom_size(wildcards.source)


def phantom_size(source):
    """Return how much a source's phantom draws."""
    keys = {
        "nouaman2024": [
            "donors",
            "recordings_per_donor",
            "frames_per_recording",
            "annotate_every",
            "crops_per_class",
            "raw_crops_per_folder",
        ],
        "naples": ["velocities", "tiffs_per_velocity", "pages"],
        "kihm2018": ["kihm_per_class", "kihm_s3_scale"],
        "liang2024": ["liang_scale"],
    }
    return {key: getattr(CONFIG.phantom, key) for key in keys[SETTINGS.sources[source].layout]}


READING = {"take", "ignore", "without_polygons"}
"""Keys of a source's row that say which of its files are read."""


def raw_files(wildcards):
    """Return nothing, or a name that no file has where a source's folder is absent or empty: the DAG then ends with it."""
    return f"{SETTINGS.raw_folder(wildcards.source)}/its-files" if SETTINGS.lacks_files(wildcards.source) else []


def looked_at():
    """Return what is told of each source by `check_raw`."""
    sources = {name: SETTINGS.sources[name] for name in SETTINGS.sources}
    return [
        {
            "source": name,
            "layout": row.layout,
            "origin": SETTINGS.origin(name),
            "folder": str(SETTINGS.raw_folder(name)),
            "reading": row.model_dump(include=READING),
        }
        for name, row in sources.items()
    ]


def raw_reading(wildcards):
    """Return which of a source's files are read, and how."""
    return SETTINGS.sources[wildcards.source].model_dump(include=READING | {"bad_files"})


def raw_listing(wildcards):
    """Return the state of a source's own files: another one where a file changed, not where it was only touched."""
    source, results = SETTINGS.sources[wildcards.source], Path(CONFIG.pathvars.get("results", "results"))
    if SETTINGS.lacks_files(wildcards.source):
        return ""
    try:
        folder = SETTINGS.raw_folder(wildcards.source)
        files = listed(folder, source.layout, take=source.take, ignore=source.ignore)
    except InputError as error:
        raise WorkflowError(f"The files of {wildcards.source} cannot be listed.\n{error}") from None
    return seen.state(files, results / "raw" / wildcards.source / seen.NAME)


# cells


def source_priority(wildcards):
    """Return the priority of a source's files: high where cells for a dataset are cut from them."""
    return PRIORITY["feed"] if wildcards.source in {SETTINGS.banks[bank].source for bank in FEEDING} else 0


def bank_priority(wildcards):
    """Return the priority of a bank of cells: high where it feeds a dataset."""
    return PRIORITY["feed" if wildcards.bank in FEEDING else "outline"]


def bank_record(wildcards):
    """Return the record of the source a bank is cut from."""
    return f"<results>/raw/{SETTINGS.banks[wildcards.bank].source}/source.json"


def bank_clusters(wildcards):
    """Return the verdicts of the cluster filter, for a bank whose path has one."""
    return f"<results>/clusters/{wildcards.bank}.csv" if wildcards.bank in CLUSTERED else []


def network_file(network):
    """Return where a network's weights lie."""
    name = getattr(CONFIG.segmenters, network)
    if name in ("trained", "finetuned"):
        return f"<results>/segmenters/{network}{'-finetuned' if name == 'finetuned' else ''}/weights.pt"
    return WEIGHTS[name].get("path") or f"resources/weights/{name}"


def network_inputs(names):
    """Return the files a job must wait for; a checkpoint that ships with the project is a param, not an input."""
    shipped = {name for name in names if WEIGHTS.get(getattr(CONFIG.segmenters, name), {}).get("path")}
    return {name: network_file(name) for name in names if name not in shipped}


def bank_networks(*names):
    """Return an input function: the networks a bank's paths need, or the named ones."""
    return lambda wildcards: network_inputs(names or SETTINGS.networks(SETTINGS.banks[wildcards.bank].paths))


def network_params(wildcards):
    """Return what a bank's job must know of its networks."""
    return networks_of(SETTINGS.banks[wildcards.bank].paths)


def networks_of(paths):
    """Return path, sha256 and origin of the checkpoints from the table of weights that paths use, and the diameter."""
    chosen = {name: getattr(CONFIG.segmenters, name) for name in SETTINGS.networks(paths)}
    listed = {key: WEIGHTS[name] for key, name in chosen.items() if name in WEIGHTS}
    files = {key: [network_file(key), own["sha256"], own.get("learned_from")] for key, own in listed.items()}
    return {**files, "diameter": CONFIG.segmenters.diameter}


def network_gpus(names):
    """Return the GPUs for a job with the named networks: one for Cellpose's own, none for those trained here."""
    return int("cellpose" in names and CONFIG.segmenters.cellpose in WEIGHTS)


def bank_gpus(wildcards):
    """Return the GPUs for cutting a bank."""
    return network_gpus(SETTINGS.networks(SETTINGS.banks[wildcards.bank].paths))


def scored_path(path):
    """Return what a job that scores a path must know of it."""
    return {"path": path, "sources": SCORED[path], "needs": SETTINGS.networks([path]), "networks": networks_of([path])}


def scored_records(paths):
    """Return the records of the sources that paths are scored on, each once."""
    return [f"<results>/raw/{source}/source.json" for source in MASKED if any(source in SCORED[path] for path in paths)]


# datasets


def bank_tables(banks):
    """Return the tables of cell banks."""
    return [f"<results>/cells/{bank}/cells.csv" for bank in banks]


def banks_of(variant):
    """Return the cell banks that feed a variant."""
    return bank_tables(SETTINGS.variants[variant].banks)


def together(variant):
    """Return one name for the cell banks of a variant."""
    return "+".join(SETTINGS.variants[variant].banks)


def splits_of(variant):
    """Return the table that divides the cells of a variant: one for each set of banks, so that a new bank reruns no old variant."""
    return f"<results>/splits/{SETTINGS.scheme(variant)}/{together(variant)}.csv"


def split_table(wildcards):
    """Return the table that says which cell a variant may use where."""
    return splits_of(wildcards.variant)


GENERATED = [name for name, variant in SETTINGS.variants.items() if variant.dataset == "generated"]
IMPORTED = [name for name in SETTINGS.variants if name not in GENERATED]
BANK_SETS = {together(name): SETTINGS.variants[name].banks for name in GENERATED}
"""Cell banks by one name for those of a variant."""
DIVIDED = [name for name, banks in BANK_SETS.items() if {*banks} <= {*FEEDING}]
"""Names of the sets whose cells are there."""
PUBLISHED = read_published(Path(CONFIG.tables.published))


def import_files(wildcards):
    """Return nothing, or a name that no file has where the folder of a dataset is absent: the DAG then ends with it."""
    variant = SETTINGS.variants[wildcards.variant]
    absent = variant.dataset == "path" and not Path(variant.path).is_dir()
    return f"{variant.path}/its-images" if absent else []


def import_params(wildcards):
    """Return where an existing dataset comes from; the state of a folder is part of it, so that a change is seen."""
    variant = SETTINGS.variants[wildcards.variant]
    if variant.dataset == "path":
        folder, results = Path(variant.path), Path(CONFIG.pathvars.get("results", "results"))
        before = results / "datasets" / wildcards.variant / seen.NAME
        listing = seen.state(listed(folder, "yolo_folder"), before) if folder.is_dir() else ""
        return {"path": variant.path, "listing": listing}
    return {**PUBLISHED["archive"], **PUBLISHED["sets"][wildcards.variant]}


def all_banks():
    """Return every cell bank that feeds a dataset."""
    return bank_tables(FEEDING)


def image_count(variant, split):
    """Return the number of images of a variant's split; for a folder of the user's, more than it can hold."""
    if variant in IMPORTED:
        return PUBLISHED["sets"].get(variant, {}).get("images", {}).get(split, 10**6)
    return getattr(SETTINGS.images(variant), split)


def shard_names(variant, split):
    """Return the names of a split's shards; a dataset that exists is one."""
    if variant in IMPORTED:
        return ["000"]
    return [f"{number:03d}" for number in range(ceil(image_count(variant, split) / CONFIG.shard_size))]


def shard_range(wildcards):
    """Return first and last-plus-one index of the images in a shard."""
    first = int(wildcards.shard) * CONFIG.shard_size
    return [first, min(first + CONFIG.shard_size, image_count(wildcards.variant, wildcards.split))]


def shards_of(variant, split):
    """Return the folders of a split's shards."""
    return [f"<results>/datasets/{variant}/{split}/shards/{shard}" for shard in shard_names(variant, split)]


# fingerprints


def fingerprinted_raw():
    """Return the phantoms: what is drawn in the laboratories' formats."""
    return [
        {
            "stage": "raw",
            "name": source,
            "file": f"<results>/raw/{source}/source.json",
            "settings": {"layout": SETTINGS.sources[source].layout, "seed": CONFIG.seed, **phantom_size(source)},
        }
        for source in sources_of("phantom")
    ]


def fingerprinted_banks():
    """Return the banks that feed a dataset without a trained network, which differs from processor to processor."""
    items = []
    for name in FEEDING:
        bank, drawn = SETTINGS.banks[name], name not in RECORDED_BANKS
        if SETTINGS.networks(bank.paths):
            continue
        size = {"per_class": CONFIG.phantom.drawn_per_class, "seed": CONFIG.seed} if drawn else {}
        settings = {"paths": bank.paths, "origin": SETTINGS.origin(bank.source), **size}
        file = f"<results>/cells/{name}/cells.csv"
        made_of = [] if drawn else [bank.source]
        items.append({"stage": "bank", "name": name, "file": file, "settings": settings, "made_of": made_of})
    return items


def fingerprinted_splits():
    """Return the splits of the cells of every variant."""
    items = []
    for name in GENERATED:
        scheme, banks = SETTINGS.scheme(name), SETTINGS.variants[name].banks
        settings = {"scheme": scheme, "shares": CONFIG.shares.model_dump(), "seed": CONFIG.seed}
        file = splits_of(name)
        items.append({"stage": "split", "name": name, "file": file, "settings": settings, "made_of": banks})
    return items


def fingerprinted_datasets():
    """Return the datasets, those that are taken as published included."""
    items = []
    for name, variant in SETTINGS.variants.items():
        images = {split: image_count(name, split) for split in SPLITS}
        settings = {"variant": name, "compose": variant.compose, "images": images, "seed": CONFIG.seed}
        file = f"<results>/datasets/{name}/fingerprint.txt"
        made_of = [name] if name in GENERATED else []
        items.append({"stage": "dataset", "name": name, "file": file, "settings": settings, "made_of": made_of})
    return items


FINGERPRINTED = [*fingerprinted_raw(), *fingerprinted_banks(), *fingerprinted_splits(), *fingerprinted_datasets()]
"""What has a fingerprint, in the order of the data's way: stage, name, file, settings, and what it is made of."""


# models


def training_params(wildcards):
    """Return a model's training settings; display-only fields of the table never get here."""
    display_or_rule = {"seeds", "threads"}
    return SETTINGS.training(wildcards.model).model_dump(exclude=display_or_rule)


def training_threads(wildcards):
    """Return the processor threads of a training."""
    return SETTINGS.training(wildcards.model).threads


def start_weights(wildcards):
    """Return path, sha256 and origin of the checkpoint a training starts from, or nothing for random weights.

    The sha256 is a param, not the file an input: a fresh clone's newer file must not train again.
    """
    name = SETTINGS.training(wildcards.model).weights
    if name == "none":
        return None
    entry = WEIGHTS[name]
    path = entry.get("path") or f"resources/weights/{name}"
    return {"path": path, "sha256": entry["sha256"], "learned_from": entry.get("learned_from")}


def downloaded_weights(wildcards):
    """Return the checkpoint a training must wait for because it is downloaded, if there is one."""
    start = start_weights(wildcards)
    return start["path"] if start and start["path"].startswith("resources/weights/") else []


def checkpoint_of(model):
    """Return path and sha256 of the checkpoint that stands in for a model's training, or nothing."""
    return SETTINGS.checkpoint(model, WEIGHTS)


def downloaded_checkpoint(wildcards):
    """Return the checkpoint a model must wait for because it is downloaded, if there is one."""
    path = checkpoint_of(wildcards.model)["path"]
    return path if path.startswith("resources/weights/") else []


def asked_classes(wildcards):
    """Return the names of a model's outputs where they are not simply its dataset's."""
    model = wildcards.model
    return SETTINGS.classes(model) if SETTINGS.models[model].classes else None


# validation


def testset_source(wildcards):
    """Return what a test set is made from: a recording's source, or a variant's own images."""
    name = wildcards.testset
    if name in SETTINGS.testsets:
        row = SETTINGS.testsets[name]
        return f"<results>/testsets/{row.of}/testset.json" if row.of else f"<results>/raw/{row.source}/source.json"
    return f"<results>/datasets/{name.removesuffix('_test')}/fingerprint.txt"


def testset_cells(wildcards):
    """Return the bank whose boxes stand in for the truth that a laboratory's pictures of single cells do not have."""
    row = SETTINGS.testsets.get(wildcards.testset)
    if row is None or row.kind != "singapore_raw" or SETTINGS.exact_truth(row.source):
        return []
    return f"<results>/cells/{row.bank}/cells.csv"


def testset_params(wildcards):
    """Return the kind of a test set and the limits it is built with; a variant's own test images are all taken."""
    name = wildcards.testset
    if name in SETTINGS.testsets:
        kind, max_frames = SETTINGS.testsets[name].kind, CONFIG.validation.max_frames
    else:
        kind, max_frames = "variant", image_count(name.removesuffix("_test"), "test")
    spec = {"kind": kind, "scheme": CONFIG.scheme, "max_frames": max_frames}
    if kind == "yolo_folder":
        row = SETTINGS.testsets[name]
        spec |= {"pattern": row.pattern, "table": row.table, "classes": row.classes}
        spec["table_sha256"] = checksum(Path(row.table)) if row.table else None
    return spec


def model_folder(model):
    """Return the folder of the model that is judged: the one of its first seed."""
    return f"<results>/models/{model}/seed-{SETTINGS.training(model).seeds[0]}"


def given_runs():
    """Return the runs of the user's own checkpoint."""
    if CONFIG.given.path is None:
        raise WorkflowError("No checkpoint is given: set the key `given` with path, sha256 and testsets.")
    return [name for name, run in SETTINGS.runs.items() if run.model == "given"]


def by_model(runs):
    """Return runs by name, those of every model together, but those on test sets whose files are not there in a job of their own."""
    jobs = {}
    for name, run in runs.items():
        there = getattr(run, "companion_of", name) in POSSIBLE.runs
        jobs.setdefault(run.model if there else f"{run.model}_elsewhere", {})[name] = run
    return jobs


RUNS_OF = by_model(SETTINGS.judged)
"""Every model's runs by name, companions among them."""
SHOWN_RUNS_OF = by_model(SETTINGS.runs)
"""Every model's runs by name that have pictures."""


def testsets_of(runs):
    """Return the descriptions of the test sets of some runs, each once."""
    return [f"<results>/testsets/{name}/testset.json" for name in dict.fromkeys(run.testset for run in runs.values())]


def counted_in(runs, file):
    """Return a file in the folder of each run's counts."""
    return [f"<results>/validation/{run}/{file}" for run in runs]


def runs_of_model(wildcards):
    """Return the metrics of every run of a model."""
    runs = [name for name, run in SETTINGS.runs.items() if run.model == wildcards.model]
    return [f"<results>/validation/{run}/metrics.json" for run in runs]


def all_trainings():
    """Return the record of every seed of every model that is judged."""
    models = sorted({run.model for run in SETTINGS.runs.values()})
    return [f"<results>/models/{m}/seed-{seed}/training.json" for m in models for seed in SETTINGS.training(m).seeds]


def _rows(table):
    return {name: row.model_dump() for name, row in table.items()}


# figures


REGISTRY = {entry.id: entry for entry in read_registry(Path(CONFIG.tables.figures))}
KEYS = {
    "bank": list(SETTINGS.banks),
    "clustered": CLUSTERED,
    "recorded": RECORDED,
    "variant": list(SETTINGS.variants),
    "model": sorted({run.model for run in SETTINGS.runs.values()}),
    "run": list(SETTINGS.runs),
    "testset": sorted(JUDGED_ON),
}


def figure_file(name, key):
    """Return the file inside a folder that stands for one of a figure's inputs."""
    run = SETTINGS.runs.get(key)
    files = {
        "raw": f"<results>/raw/{key}/source.json",
        "bank": f"<results>/cells/{key}/cells.csv",
        "dataset": f"<results>/datasets/{key}/fingerprint.txt",
        "run_folder": f"<results>/validation/{key}/metrics.json",
        "predictions": f"<results>/predictions/{key}.parquet",
        "seeds": "<results>/tables/seeds.csv",
        "published": "paper/published.yaml",
        "clusters": f"<results>/clusters/{key}.csv",
        "raw_counts": "<results>/tables/raw_counts.csv",
        "errors": f"<results>/errors/{key}/errors.csv",
        "headline": "<results>/tables/headline.csv",
    }
    if name == "model_folder":
        return f"{model_folder(key)}/training.json"
    if name == "model_dataset":
        return f"<results>/datasets/{SETTINGS.models[key].variant}/fingerprint.txt"
    if name == "testset":
        return f"<results>/testsets/{run.testset if run else key}/testset.json"
    if name == "datasets":
        return [f"<results>/datasets/{variant}/fingerprint.txt" for variant in SETTINGS.variants]
    if name == "testsets":
        return [f"<results>/testsets/{name}/testset.json" for name in RECORDED_TESTSETS]
    if name == "outlines":
        return [f"<results>/outlines/{path}/summary.json" for path in SCORED]
    if name == "runs":
        return [f"<results>/validation/{run}/metrics.json" for run in SETTINGS.runs]
    return files[name]


FIGURES_PER = {}
"""The registry's entries by what they are drawn once for."""

for figure_entry in REGISTRY.values():
    FIGURES_PER.setdefault(figure_entry.per, []).append(figure_entry)


ONCE = {
    "judged": {"runs", "headline"},
    "trained": {"seeds"},
    "composed": {"datasets", "testsets"},
    "outlined": {"outlines"},
    "counted": {"raw_counts"},
    "published": {"published"},
}
"""Inputs of figures drawn once by what must have happened before, latest first."""


def drawn_once():
    """Return the entries drawn once that one job draws, by what happened before: none waits for another's inputs."""
    jobs = {}
    for entry in FIGURES_PER.get("none", []):
        happened = next(name for name, inputs in ONCE.items() if inputs & set(entry.inputs))
        jobs.setdefault(happened, []).append(entry)
    return jobs


def figure_inputs(entries, key=None):
    """Return an input function: what entries are drawn from, by the names their drawing functions know.

    `key` is None for rules with a wildcard of that name; a list of keys makes lists of inputs in their order.
    """
    names = sorted({name for entry in entries for name in entry.inputs})
    if isinstance(key, list):
        return lambda wildcards: {name: [figure_file(name, one) for one in key] for name in names}
    return lambda wildcards: {name: figure_file(name, key or wildcards.key) for name in names}


def figure_output(entry, key="{key}"):
    """Return the file of an entry; its key is left open where none is given."""
    return f"<results>/{'gifs' if entry.format == 'gif' else 'figures'}/{entry.id}/{key}.{entry.format}"


def in_report(entry, key="{key}", player=False):
    """Return a figure's file, flagged for Snakemake's own report; that shows no GIF, but the page that plays one."""
    figure = figure_output(entry, key)
    if entry.format == "gif" and not player:
        return figure
    return report(
        beside(figure, ".html") if player else figure,
        caption="../report/figure.rst",
        category=entry.section.capitalize(),
        labels={"figure": entry.title, "of": key},
    )


def beside(figure, suffix):
    """Return the file of another kind beside a figure."""
    return str(Path(figure).with_suffix(suffix))


def figure_files(entries, keys=("{key}",)):
    """Return the output files of a job that draws entries for some keys, by their kind: key by key, in the entries' order."""
    pairs = [(entry, key) for key in keys for entry in entries]
    drawn = [(entry, figure_output(entry, key)) for entry, key in pairs]
    return {
        "figures": [in_report(entry, key) for entry, key in pairs],
        "players": [in_report(entry, key, player=True) for entry, key in pairs if entry.format == "gif"],
        "vectors": [beside(figure, ".svg") for entry, figure in drawn if entry.vector],
        "copies": [str(copy) for _, figure in drawn for copy in copies_of(Path(figure))],
        "provenance": [beside(figure, ".json") for _, figure in drawn],
    }


WORDS = {"labels": SETTINGS.labels, "pixels_um": SETTINGS.pixels_um}
"""What all figures print names and scale bars by; of the looks of a figure, not of what its record says it shows."""


def figure_params(entry):
    """Return what draws a figure, and the fingerprint of that code; titles and captions concern the report alone."""
    options = CONFIG.gifs.model_dump() if entry.format == "gif" else {}
    if entry.draws in ("image_map", "domain_map"):
        options = {"network": feature_network()}
    if entry.draws == "published_matrices":
        options = {"table": list(_rows(SETTINGS.runs).values())}
    return {
        "id": entry.id,
        "draws": entry.draws,
        "inputs": list(entry.inputs),
        "options": options,
        "vector": entry.vector,
        "code": code("draw_figures", f"rbcflow.figures.{DRAWS[entry.draws]}"),
    }


def feature_network():
    """Return what computes features of images: resnet50 where its weights are listed and on disk, else the starter."""
    listed = {**WEIGHTS.get("resnet50", {"path": ""}), "network": "resnet50"}
    path = listed.get("path") or "resources/weights/resnet50"
    if "sha256" in listed and Path(path).is_file():
        return {"network": "resnet50", "path": path, "sha256": listed["sha256"]}
    return {"network": "starter", **{key: WEIGHTS["starter"][key] for key in ("path", "sha256")}}


def all_figures():
    """Return every file the registry promises."""
    return [figure_output(entry, key) for entry in REGISTRY.values() for key in entry.keys(KEYS)]


REPORT_TABLES = [
    "probe",
    "leakage",
    "fingerprints",
    "published_counts",
    "headline",
    "comparisons",
    "metric_checks",
    "sizes",
    "claims",
]


def report_config():
    """Return the tables as the report reads them."""
    tables = {name: getattr(SETTINGS, name) for name in ("banks", "variants", "models", "testsets")}
    rebuild = CONFIG.model_dump(include=set(Rebuild.model_fields))
    return {**rebuild, **{name: _rows(table) for name, table in tables.items()}, "labels": SETTINGS.labels}


# recordings


try:
    RECORDINGS = recordings_of(CONFIG)
    DETECTOR = chosen(CONFIG) if RECORDINGS else None
except InputError as error:
    raise WorkflowError(f"The recordings cannot be read.\n{error}") from None


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


# retraining


RETRAINED = CONFIG.retrained
"""Name of the detector that the target `retrain` makes."""


def mixed_variant():
    """Return the variant whose images are mixed into a retraining: drawn cells, which a fresh clone composes at once."""
    return "synthetic" if "synthetic" in GENERATED else GENERATED[0]


def retrained_files(name):
    """Return a file of the retraining, after the configuration was asked whether there can be one."""
    own_recordings()
    try:
        new_name(CONFIG)
    except InputError as error:
        raise WorkflowError(f"Nothing can be retrained.\n{error}") from None
    return f"<results>/detectors/{RETRAINED}/{name}"


def corrected_listing(wildcards):
    """Return a digest over the corrected labels, so that changed ones are read again."""
    path = Path(CONFIG.corrected or "").expanduser()
    return code_tools.listing_digest(path) if path.is_dir() else code_tools.file_digest(path)


def detector_side():
    """Return the size of the cells that the detector learned from, None where its record does not say."""
    return DETECTOR.side if DETECTOR else None
