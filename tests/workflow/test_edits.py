"""Which scripts an edit of the library changes: those whose results it can change, and no others."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from project_copy import PROJECT
from rbcflow.runtime.fingerprint import Library

SCRIPTS = PROJECT / "workflow/scripts"
NAMES = frozenset(file.stem for file in SCRIPTS.glob("*.py"))

COMPOSE = {
    "collect_dataset",
    "compare_fingerprints",
    "compose_shard",
    "fetch_testset",
    "import_dataset",
    "measure_boxes",
    "probe_pixels",
}
"""Scripts that know the composer; ``probe_pixels`` and ``compare_fingerprints`` are waited for by no training."""

RECORDINGS = {
    "cut_corrected", "draw_recording", "evaluate_recording", "evaluate_retraining", "link_recording", "pack_labels",
    "show_labels", "show_recordings", "show_retraining", "summarise_recordings",
}  # fmt: skip
DETECT = {"calibrate_gauge", "detect_recording", "retrain_detector"}
TRAIN = {"train_model", "verify_training", "retrain_detector"}
CUT = {"cluster_objects", "cut_cells", "score_segmentation"}
READ = CUT | {
    "build_testset", "check_raw", "count_raw", "download_raw", "finetune_cellpose", "register_raw", "simulate_practice",
}  # fmt: skip
"""Scripts that read files of any layout; practice pictures are frames of phantoms."""
NOTHING: set[str] = set()
UNRECORDED = {"probe_recording"}
"""Scripts that write no provenance, nor import what does."""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield a copy of scripts and library, of which every module was read once."""
    copy = tmp_path_factory.mktemp("edits") / "scripts"
    shutil.copytree(SCRIPTS, copy, ignore=shutil.ignore_patterns("__pycache__", "templates"))
    fingerprints(copy)
    yield copy


def fingerprints(scripts: Path) -> dict[str, str]:
    known = Library(scripts, kept=scripts / "code.json")
    found = {name: known.fingerprint(f"{name}.py") for name in NAMES}
    known.keep()
    return found


BEGIN = "from __future__ import annotations\n"
MORE = f"{BEGIN}EXTRA = 1\n"

EDITS = {
    "a log message of a late stage": ("predictions/predict.py", "%s: %d boxes on", "%s has %d boxes on", NOTHING),
    "a log call that was not there": (
        "predictions/predict.py", "    logger.info(", '    logger.info("now")\n        logger.info(', NOTHING,
    ),
    "the sentence of all errors": ("core/errors.py", "; expected {expected}", ", and not {expected}", NOTHING),
    "the text of a raise": ("core/yolo.py", '"no such file"', '"not there"', NOTHING),
    "a text that only a raise reads": ("core/yolo.py", "a class below {classes}, ", "a class of {classes}, ", NOTHING),
    "a docstring": ("datasets/spec.py", '"""', '"""Newly: ', NOTHING),
    "a comment": ("detector/weights.py", BEGIN, f"# a pickle runs code\n{BEGIN}", NOTHING),
    "an import for types alone": (
        "detector/weights.py", BEGIN, f"{BEGIN}if TYPE_CHECKING:\n    import rbcflow.report.page\n", NOTHING,
    ),
    "a sentence of the log's module": ("runtime/logs.py", "the job failed", "the job broke", NOTHING),
    "how a record is written": ("runtime/provenance.py", "indent=1", "indent=2", NOTHING),
    "a table of the configuration": ("config/checks.py", '"sum", "share")', '"sum")', NOTHING),
    "what true boxes are, in words": ("testsets/labels.py", "not checked by", "checked by not one of", NOTHING),
    "what a laboratory is": ("laboratories/naples/laboratory.py", '"pages"', '"page_count"', NOTHING),
    "the terminal's board": ("runtime/board.py", "WIDTH = 24", "WIDTH = 30", NOTHING),
    "how a laboratory's files are read": ("laboratories/kihm2018/reader.py", BEGIN, MORE, READ),
    "how a laboratory's files are simulated": (
        "laboratories/kihm2018/phantom.py", BEGIN, MORE, {"simulate_phantom", "simulate_practice"},
    ),
    "how practice pictures are read": (
        "segmentation/pictures.py", BEGIN, MORE,
        CUT | {"finetune_cellpose", "simulate_practice", "train_cellpose", "train_unet"},
    ),
    "a laboratory's kinds of test sets": ("laboratories/naples/testsets.py", BEGIN, MORE, {"build_testset"}),
    "what decides the origin": ("runtime/lineage.py", '" + "', '" & "', NAMES - UNRECORDED),
    "a preset of the composer": ("datasets/spec.py", "(0.75, 1.25)", "(0.75, 1.5)", COMPOSE | {"fetch_published"}),
    "a line of the composer": ("datasets/paste.py", BEGIN, MORE, COMPOSE | {"fetch_published"}),
    "how a frame is made larger": (
        "detector/sizes.py",
        BEGIN,
        MORE,
        RECORDINGS
        | DETECT
        | TRAIN
        | {"cluster_objects", "compare_sizes", "cut_cells", "evaluate_model", "export_model", "predict_model"}
        | {"score_segmentation"},
    ),
    "the most boxes of a frame": (
        "predictions/predict.py", "CROWDED = ", "CROWDED = 1 + ", RECORDINGS | DETECT | {"predict_model"},
    ),
    "the trainer": ("training/trainer.py", BEGIN, MORE, TRAIN),
    "a test of a claim": ("claims/statistics.py", BEGIN, MORE, {"evaluate_claims"}),
    "the page": ("report/page.py", BEGIN, MORE, RECORDINGS | {"render_report"}),
    "how objects are found by background": (
        "cells/methods/background.py", BEGIN, MORE,
        {"build_testset", "cluster_objects", "cut_cells", "score_segmentation"},
    ),
    "how cells are divided": (
        "cells/splits.py",
        BEGIN,
        MORE,
        COMPOSE | {"build_testset", "fetch_published", "measure_leakage", "split_cells"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_changes_the_scripts_it_can_change(edit: str, library: Path):
    name, old, new, expected = EDITS[edit]
    before, file = fingerprints(library), library / "rbcflow" / name
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    after = fingerprints(library)
    file.write_text(text)
    assert {script for script in NAMES if before[script] != after[script]} == expected
