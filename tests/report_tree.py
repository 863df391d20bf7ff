"""A small results folder that follows the contracts of docs/architecture.md: what the report's tests read.

Every number in it is made up; nothing here is a result.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from rbcflow.figures.copies import write_copies

CLASSES = ("croissant", "slipper", "other")

SOURCES = {
    "nouaman2024": {
        "title": "Saarland University, grey videos by blood donor",
        "layout": "nouaman2024",
        "access": None,
        "sha256": None,
        "licence": "not public",
        "availability": "the group that made the recordings",
        "reference": "preprint, acknowledgement",
    },
    "flow_public": {
        "title": "public recordings of red cells",
        "layout": "flow_public",
        "access": "package",
        "sha256": "db50" * 16,
        "licence": "MIT",
        "availability": "fetched through a package index",
        "reference": "test data of a package",
    },
}

CONFIG = {
    "files": ["config/config.yaml"],
    "seed": 0,
    "scheme": "grouped",
    "labels": {
        "nouaman2024": "Saarland",
        "flow_public": "public recordings",
        "random": "overlap",
        "synthetic": "simulated cells",
        "saarland_donors": "Saarland, all donors",
        "naples": "Naples",
        "random-on-saarland_donors": "overlap on Saarland, all donors",
        "random-on-flow_public": "overlap on public recordings",
        "random-on-naples": "overlap on Naples",
    },
    "banks": {
        "nouaman2024": {"title": "Saarland cells", "source": "nouaman2024", "methods": ["polygon"]},
        "flow_public": {"title": "public cells", "source": "flow_public", "methods": ["background"]},
    },
    "variants": {
        "random": {"title": "random positions", "banks": ["nouaman2024"], "published_as": "train13"},
        "synthetic": {"title": "simulated cells only", "banks": ["simulated"], "published_as": None},
    },
    "models": {
        "random": {"title": "random positions", "variant": "random", "published_as": "train13"},
        "plain": {"title": "plain", "variant": "random", "published_as": None},
    },
    "testsets": {
        "saarland_donors": {
            "title": "Saarland, all held-out donors",
            "published_as": "cropped_labelled_donors_video_frames",
            "source": "nouaman2024",
        },
        "flow_public": {"title": "public recordings", "published_as": None},
        "naples": {"title": "Naples", "published_as": "naples"},
    },
}

RUNS = [
    {"run": "random-on-saarland_donors", "model": "random", "testset": "saarland_donors", "published_as": "val28"},
    {"run": "random-on-flow_public", "model": "random", "testset": "flow_public", "published_as": None},
    {"run": "plain-on-saarland_donors", "model": "plain", "testset": "saarland_donors", "published_as": None},
    {"run": "random-on-naples", "model": "random", "testset": "naples", "published_as": "val21"},
]

REGISTRY = [
    {"id": "raw_frames", "per": "recorded", "title": "Raw frames", "caption": "Frames.", "section": "data"},
    {"id": "contact_sheet", "per": "bank", "title": "Cells by class", "caption": "Crops.", "section": "cells"},
    {"id": "examples", "per": "variant", "title": "Example images", "caption": "Images.", "section": "datasets"},
    {"id": "training_curves", "per": "model", "title": "Training curves", "caption": "Losses.", "section": "models"},
    {"id": "overview", "per": "none", "title": "Models and test sets", "caption": "AP50.", "section": "validation"},
    {
        "id": "confusion_matrix",
        "per": "run",
        "title": "Confusion matrix",
        "caption": "Counts.",
        "section": "validation",
        "rebuilds": ["the confusion matrices"],
    },
    {
        "id": "predicted_boxes",
        "per": "run",
        "title": "Predicted boxes",
        "caption": "Moving.",
        "section": "validation",
        "format": "gif",
    },
    {"id": "run_quality", "per": "run", "title": "Quality", "caption": "Overlap.", "section": "validation"},
    {"id": "front_frame", "per": "run", "title": "A frame", "caption": "Boxes.", "section": "validation"},
    {"id": "class_examples", "per": "bank", "title": "Classes", "caption": "Cells.", "section": "cells"},
    {
        "id": "pairs",
        "per": "variant",
        "title": "Pairs",
        "caption": "Counts.",
        "section": "datasets",
        "shown": False,
    },
    {"id": "time", "per": "none", "title": "Time by rule", "caption": "Seconds.", "section": "models"},
]


@dataclass(frozen=True)
class Tree:
    """A results folder and the tables that go with it: the arguments of ``report.build.build``."""

    results: Path
    project: Path
    config: dict[str, Any]
    registry: list[dict[str, Any]]
    sources: dict[str, dict]
    runs: list[dict[str, Any]]

    def arguments(self) -> dict[str, Any]:
        """Return the keyword arguments of ``build`` besides the output."""
        return {
            "config": self.config,
            "registry": self.registry,
            "sources": self.sources,
            "runs": self.runs,
            "project": self.project,
        }


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Write a JSON file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data), encoding="utf-8")


def write_text(path: Path, text: str) -> None:
    """Write a text file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def record(rule: str, origin: list[str], inputs: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a provenance record."""
    return {
        "rule": rule,
        "wildcards": {},
        "inputs": inputs or {},
        "params": {"seed": 0, "source_fingerprint": "ab" * 32},
        "versions": {"python": "3.11", "torch": "2.14.1"},
        "seconds": 1.5,
        "ended": "2026-11-25T10:00:03+00:00",
        "commit": "c0ffee" * 6 + "abcd",
        "origin": origin,
    }


def picture(seed: int, width: int = 320, height: int = 160) -> Image.Image:
    """Return a grey picture with a few discs."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    image = np.full((height, width), 150.0)
    for x, y in rng.uniform(0, [width, height], size=(6, 2)):
        image[(rows - y) ** 2 + (columns - x) ** 2 < (height / 10) ** 2] = 60
    return Image.fromarray(np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8))


def _write_raw_and_cells(results: Path) -> None:
    places = [f"nouaman2024,rec_{n},{'recording' if n < 4 else 'crops'}\n" for n in range(6)]
    places += [f"flow_public,rec_{n},recording\n" for n in range(6)]
    write_text(results / "tables/raw_counts.csv", "source,recording,kind\n" + "".join(places))
    leakage = ("group,6,0,48,0", "recording,4,0,32,0", "donor,4,0,32,0", "test frame recording,1,0,8,0")
    write_text(
        results / "tables/leakage.csv",
        "scheme,source,unit,units,crossing,cells,cells_crossing\n"
        + "".join(f"grouped,nouaman2024,{row}\n" for row in leakage),
    )
    header = (
        "cell_id,source,class,donor,recording,frame,x0,y0,x1,y1,method,area_px,aspect,solidity,touches_edge,group,"
        "sha256,kept,reason\n"
    )
    for source, origin in (("nouaman2024", "phantom"), ("flow_public", "public")):
        files = {
            "source": source,
            "origin": origin,
            "status": "available",
            "reason": None,
            "n_files": 7,
            "sha256": "9a" * 32,
        }
        write_json(results / f"raw/{source}/source.json", files)
        write_json(results / f"raw/{source}/provenance.json", record("get_raw", [origin]))
        inputs = {"raw": {"path": f"results/raw/{source}", "sha256": None}}
        write_json(results / f"cells/{source}/provenance.json", record("cut_cells", [origin], inputs))
        rows = [
            f"{source}-{i:05d},{source},{CLASSES[i % 3] if source == 'nouaman2024' else ''},donor_{i % 4},rec_{i % 6},"
            f"{i // 2},0,0,9,9,polygons,70,1.0,0.95,False,g,ab,{'False,touches_edge' if i % 5 == 0 else 'True,'}\n"
            for i in range(60)
        ]
        write_text(results / f"cells/{source}/cells.csv", header + "".join(rows))


def _write_dataset_and_model(results: Path) -> None:
    columns = [f"{c}_{word}" for word in ("count", "placed") for c in CLASSES]
    rows = ["index,split,seed,noise,walls," + ",".join(columns) + ",cells\n"]
    for split, n in (("train", 12), ("val", 4), ("test", 4)):
        rows += [
            f"{i},{split},{i},{('none', 'gaussian')[i % 2]},{i % 3 == 0},3,3,4,3,3,{2 + i % 3},a b\n" for i in range(n)
        ]
    write_text(results / "datasets/random/metadata.csv", "".join(rows))
    write_text(results / "datasets/random/fingerprint.txt", "fe" * 32 + "\n")
    bank = {"bank": {"path": "results/cells/nouaman2024/cells.csv", "sha256": "12" * 32}}
    write_json(results / "datasets/random/provenance.json", record("collect_dataset", ["phantom"], bank))
    model = results / "models/random/seed-0"
    training = {
        "architecture": "yolo11n.yaml",
        "weights": {"source": "starter.pt", "sha256": "cc" * 32},
        "epochs": 3,
        "best_epoch": 2,
        "images_per_second": 33.3,
        "seconds": 61.0,
        "device": "cpu",
        "precision": "bfloat16",
        "threads": 2,
        "parameters": 2590000,
        "state_sha256": "aa" * 32,
        "data_fingerprint": "fe" * 32,
        "learned_from": ["phantom"],
        "remarks": ["It started from simulated cells."],
    }
    write_json(model / "training.json", training)
    write_text(model / "results.csv", "epoch,train/box_loss,metrics/mAP50(B)\n1,2.0,0.31\n2,1.5,0.625\n3,1.4,0.5\n")
    write_json(
        model / "provenance.json", record("train_model", ["phantom"], {"data": {"path": "results/datasets/random"}})
    )


def point(n: int, hits: int, false_positives: int) -> dict[str, Any]:
    """Return counts at the operating point as ``metrics.json`` has them."""
    precision, recall = hits / (hits + false_positives), hits / n
    return {
        "n_boxes": n,
        "n_predictions": hits + false_positives,
        "hits": hits,
        "misses": n - hits,
        "false_positives": false_positives,
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall),
        "interpretable": n >= 10,
        "reason": None,
    }


FALSE_POSITIVES = (("second", "duplicate", "croissant", 1), ("misplaced", "both", "slipper", 1),
                ("background", "background", "other", 3))  # fmt: skip
"""What the five false positives of a run are: word and kind of ``metrics.json``, predicted class, number."""


def _write_counted(folder: Path) -> None:
    """Write a run's matrix, overlaps and errors: 36 of 40 boxes found, 5 false positives, 4 missed."""
    counts = {("croissant", "croissant"): 18, ("slipper", "slipper"): 15, ("other", "other"): 3}
    counts |= {("croissant", "background"): 2, ("slipper", "background"): 1, ("other", "background"): 1}
    counts |= {("background", name): n for _, _, name, n in FALSE_POSITIVES}
    labels = (*CLASSES, "background")
    rows = [f"{true},{found},{counts.get((true, found), 0)}\n" for true in labels for found in labels]
    write_text(folder / "confusion_matrix.csv", "true,predicted,count\n" + "".join(rows))
    write_text(folder / "matches.csv", "iou\n" + "0.7\n0.83\n0.9\n" * 12 + "\n" * 9)
    kinds = [kind for _, kind, _, n in FALSE_POSITIVES for _ in range(n)] + ["missed"] * 4
    write_text(folder / "errors.csv", "frame,kind\n" + "".join(f"0,{kind}\n" for kind in kinds))


def _write_frames(folder: Path, donors: int, recordings: int) -> None:
    """Write the tables of a test set's 20 frames and 40 boxes."""
    rows = [f"{n},{f'd{n % donors}' if donors else ''},r{n % recordings}\n" for n in range(20)]
    write_text(folder / "frames.csv", "frame,donor,recording\n" + "".join(rows))
    write_text(folder / "truth.csv", "frame\n" + "".join(f"{n % 16}\n" for n in range(40)))


BIAS = {"dw": 6.21, "dh": -0.04, "dx": -1.5, "dy": 0.25, "size_ratio": 1.183}
"""Median differences of whole cells' boxes."""


def metrics(run: dict[str, Any], origin: str, labels: str, evaluated: str) -> dict[str, Any]:
    """Return a run's ``metrics.json``: 40 true boxes on 20 frames, 36 found, 5 false positives."""
    counts = {"croissant": 20, "slipper": 16, "other": 4}
    named = ["croissant", "slipper"] if evaluated == "proxy" else list(counts)
    evaluated_names = {
        name: {"ap50": 0.9, "ap75": 0.75, "ap50_95": 0.6, "ar": 0.7, "n_boxes": n, "reason": None}
        for name, n in counts.items()
    }
    found = {"ap50": 0.951, "ap75": 0.81, "ap50_95": 0.7, "ar": 0.8}
    at = {
        "conf": 0.25,
        "iou": 0.45,
        **point(40, 36, 5),
        "false_positives_per_frame": 0.25,
        "n_empty_frames": 4,
        "false_positives_in_empty_frames": 1,
        "false_positives_per_empty_frame": 0.25,
    }
    return {
        "run": run["run"],
        "model": run["model"],
        "testset": run["testset"],
        "status": "available",
        "origin": [origin],
        "learned_from": ["phantom"],
        "adopted": False,
        "remarks": [],
        "labels": labels,
        "classes_evaluated": evaluated,
        "frames_per_second": 55.0,
        "input": "recorded",
        "n_frames": 20,
        "n_empty_frames": 4,
        "n_boxes": {**counts, "total": 40},
        "thresholds": {"conf": 0.25, "iou": 0.45, "meaning": "", "confidence_floor": 0.001, "nms_iou": 0.7},
        "interpretable": True,
        "matrix": {"iou_first": {"difference": 4}},
        "size": {
            "asked": "trained",
            "imgsz": 224,
            "factor": [0.5, 0.5],
            "cell_side_px": 20.0,
            "training_cell_side_px": 25.0,
            "cell_side_ratio": 0.8,
            "meaning": "",
        },
        "caveats": ["n = 4 true boxes of class other: not interpretable."],
        "coco": {
            "map50": 0.9,
            "map75": 0.75,
            "map50_95": 0.6,
            "ar": 0.7,
            "classes": evaluated_names,
            "reason": None,
            "named": named,
            "left_out": [name for name in counts if name not in named],
        },
        "agnostic": {**found, "at": [at, {**at, "iou": 0.5}], "reason": None},
        "one_box_a_cell": {**found, "ap50": 0.962, "nms_iou": 0.7, "at": [{**at, **point(40, 36, 1)}], "reason": None},
        "errors": {
            "false_positives": {
                kind: {**dict.fromkeys(counts, 0), name: n, "total": n} for kind, _, name, n in FALSE_POSITIVES
            }
        },
        "operating_point": {name: point(n, n - 2, 1) for name, n in counts.items()} | {"all": at, "any": at},
        "localisation": {
            "n": 36,
            "iou_median": 0.83,
            "iou_q1": 0.75,
            "iou_q3": 0.9,
            "reason": None,
            "bias": {"whole": {"n": 27, **{name: {"median": median} for name, median in BIAS.items()}}},
        },
        "classification": {"n": 36, "accuracy": 0.875, "evaluated": evaluated, "reason": None},
        "recall_by_kind": {
            "edge": {"n_boxes": 12, "hits": 9, "recall": 0.75},
            "single": {"n_boxes": 28, "hits": 27, "recall": 27 / 28},
        },
    }


def _write_grey(results: Path) -> None:
    """Write the companion of the first run on grey frames: 39 of 40 boxes found, 1 false positive."""
    name = f"{RUNS[0]['run']}-in-grey"
    own = metrics(RUNS[0], "phantom", "annotations", "true")
    false_positives = {"false_positives": 1, "false_positives_per_frame": 0.05}
    own["agnostic"]["at"] = [{**at, **point(40, 39, 1), **false_positives} for at in own["agnostic"]["at"]]
    write_json(results / f"validation/{name}/metrics.json", own | {"run": name, "input": "grey"})
    counts = "croissant,croissant,20\nslipper,slipper,16\nother,other,3\nother,background,1\n"
    write_json(results / f"validation/{name}/provenance.json", record("compute_metrics", ["phantom"]))
    table = f"true,predicted,count\n{counts}background,other,1\nbackground,background,0\n"
    write_text(results / f"validation/{name}/confusion_matrix.csv", table)


def _write_validation(results: Path) -> None:
    _write_grey(results)
    kinds = {"saarland_donors": ("phantom", "annotations", "true"), "flow_public": ("public", "proxy", "proxy")}
    for run in RUNS:
        name = run["testset"]
        folder = results / "testsets" / name
        if name not in kinds:
            testset = {"name": name, "status": "unavailable", "reason": "the laboratory's stacks are not here"}
            write_json(folder / "testset.json", {**testset, "origin": [], "n_frames": 0, "n_boxes": 0})
            continue
        origin, labels, evaluated = kinds[name]
        testset = {"name": name, "status": "available", "reason": "", "origin": [origin], "labels": labels}
        described = {"classes_evaluated": evaluated, "source": "s", "n_frames": 20, "n_boxes": 40, "fingerprint": name}
        write_json(folder / "testset.json", {**testset, **described})
        _write_frames(folder, *((2, 10) if name == "saarland_donors" else (0, 2)))
        _write_counted(results / f"validation/{run['run']}")
        write_json(folder / "provenance.json", record("build_testset", [origin]))
        write_json(results / f"validation/{run['run']}/metrics.json", metrics(run, origin, labels, evaluated))
        inputs = {"predictions": {"path": f"results/predictions/{run['run']}.parquet", "sha256": "34" * 32}}
        origins = sorted({"phantom", origin})
        write_json(results / f"predictions/{run['run']}.json", record("predict_boxes", origins))
        write_json(results / f"validation/{run['run']}/provenance.json", record("compute_metrics", origins, inputs))


def _keys(entry: dict[str, Any]) -> list[str]:
    return {
        "none": ["all"],
        "bank": list(SOURCES),
        "recorded": list(SOURCES),
        "variant": ["random"],
        "model": ["random", "plain"],
        "run": ["random-on-saarland_donors", "random-on-flow_public", "plain-on-saarland_donors"],
    }[entry["per"]]


def _write_figures(results: Path) -> None:
    for number, entry in enumerate(REGISTRY):
        for key in _keys(entry):
            moving = entry.get("format") == "gif"
            path = results / ("gifs" if moving else "figures") / entry["id"] / f"{key}.{'gif' if moving else 'png'}"
            path.parent.mkdir(parents=True, exist_ok=True)
            frames = [picture(number * 100 + i) for i in range(3 if moving else 1)]
            options = {"save_all": True, "append_images": frames[1:], "duration": 200, "loop": 0} if moving else {}
            frames[0].save(path, **options)
            write_copies(path)
            inputs = {"run_folder": {"path": f"results/validation/{key}/metrics.json", "sha256": "56" * 32}}
            sidecar = {**record("draw_figure", ["phantom"], inputs), "figure": entry["id"], "key": key}
            write_json(path.with_suffix(".json"), sidecar)


def _write_benchmarks(results: Path) -> None:
    header = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
    for name, seconds, memory, processor in (
        ("train_model/random", 61.0, "812.4", 96.0),
        ("get_raw/nouaman2024", 2.5, "90.0", 3.5),
        ("get_raw/flow_public", 0.5, "-", 0.5),
    ):
        line = f"12:00:00 INFO rbcflow.processor: {processor:.2f} s of processor time\n"
        write_text(results / f"logs/{name}.log", f"12:00:00 INFO rbcflow: said before\n{line}")
        write_text(results / f"benchmarks/{name}.tsv", f"{header}{seconds}\t0:01:01\t{memory}\t1\t1\t1\t1\t1\t1\t1\n")


UNDECIDED = "not decided: evaluated partly on simulated images"
SIZES = (
    "published_as,run,model,testset,size,imgsz,factor_low,factor_high,cell_side_px,cell_side_ratio,precision,"
    "precision_low,precision_high,recall,recall_low,recall_high,ap50,ap50_low,ap50_high,map50,map50_low,map50_high,"
    "false_positives_per_frame\n"
    "val28,random-on-saarland_donors,random,saarland_donors,trained,224,0.5,0.5,20,0.8,0.878,,,0.9,0.8,1,0.951,0.9,1,"
    ",,,0.25\n"
    "val28,random-on-saarland_donors-at-native,random,saarland_donors,native,,1,1,40,1.6,,,,0,0,0,0,0,0,,,,0\n"
)

CLAIMS = (
    "id,kind,section,claim,statistic,threshold,published,here,low,high,n,power_true,power_false,verdict,reason,deviation,"
    "origin,learned_from,source,plain,testsets,models,public,public_low,public_high,public_n,training_seconds\n"
    'a,sentence,abstract,Cells are found.,recall_slipper,>= 0.9,,0.93,0.9,0.95,"saarland_donors: 10 recordings",'
    '"right 96 %, open 4 %, wrong 0 % at 0.95","right 94 %, open 4 %, wrong 2 % at -0.8",'
    "holds,,,raw,published,validation/random-on-flow_public/metrics.json,"
    "Share found: “overlap”.,saarland_donors,random,,,,,\n"
    "b,value,training train13,mAP50 of train13,mAP50,within 0.02,0.97474,0.625,,,4,,,outside tolerance,smaller,,"
    "raw,raw,models/random/seed-0/results.csv,,,,,,,,\n"
    'c,sentence,abstract,"Walls, too, are needed.",count,> 0,,2,1,3,"naples: 4 recordings",,,'
    f'{UNDECIDED},"Would hold on these frames. By run: random-on-saarland_donors 2. '
    'With grey frames: count 0.5 (-1 to 1), would not hold.",,phantom + public,phantom,x.csv,'
    "Walls.,saarland_donors,random,-0.5,,,flow_public: 2 recordings,6768\n"
    "d,value,counts,others placed,mean,,0.472,1.5,,,,,,changed by us,,simulated objects in the channel,raw,,x.csv,"
    ",,,,,,,\n"
    "e,sentence,abstract,Cells are named.,recall,>= 0.9,,0.93,0.8,0.95,40,,,cannot tell,,,raw,raw,x.csv,,,,,,,,\n"
)

HEADLINE = "run,model,testset,metric,value,low,high,n_recordings,n_frames,n_boxes,companion_of\n" + "".join(
    f"{run},random,{testset},{metric},{value},{low},{high},{n},20,40,{companion}\n"
    for run, testset, n, companion, factor in (
        ("random-on-saarland_donors", "saarland_donors", 10, "", 1),
        ("random-on-saarland_donors-at-native", "saarland_donors", 10, "random-on-saarland_donors", 0.5),
        ("random-on-saarland_donors-in-grey", "saarland_donors", 10, "random-on-saarland_donors", 1.1),
        ("random-on-flow_public", "flow_public", 2, "", 1),
        ("plain-on-saarland_donors", "saarland_donors", 10, "", 0.9),
    )
    for metric, value in (
        ("recall", 0.9 * factor), ("precision", 0.8 * factor), ("recall_one_box", 0.88 * factor),
        ("precision_one_box", 0.95 * factor), ("iou_median", 0.83),
    )
    for low, high in [(round(value - 0.05, 3), round(value + 0.05, 3)) if n > 2 else ("", "")]
)  # fmt: skip
"""Numbers with intervals: of two runs, of one of them at another size and in grey, and of a second model's."""

COMPARISONS = (
    "testset,metric,first,second,difference,low,high,n_recordings,n_frames\n"
    "saarland_donors,recall,random,plain,0.09,0.02,0.15,10,20\n"
)
CHECKS = "run,what,against,ours,theirs,difference,agrees\n" + "".join(
    f"random-on-flow_public,n{n},{library},1,1,0,{agrees}\n"
    for n, (library, agrees) in enumerate((("Ultralytics", True), ("faster-coco-eval", True), ("Ultralytics", False)))
)
FINGERPRINTS = (
    "stage,name,recipe,fingerprint,committed_at,differs_first_at\ndataset,random,aa,bb,toy,\n"
    "dataset,synthetic,aa,bb,,bank simulated\n"
)
ITEMS = (
    "- {item: the confusion matrices, files: 8}\n- {item: a table, files: 1, by: tables/a.csv}\n"
    "- {item: a lost plot, files: 1, without: it shows nothing}\n"
)
PUBLISHED = """\
trainings:
  train13: {map50: 0.97474, images: 4000, epochs: 20, seeds: 1, seconds: 6768.6}
read_from_picture:
  page: https://example.org/blob/67410beb
  runs:
    val28:
      folder: runs/detect/val28_on_donors
      copy: media/matrix.png
      matrix:
        croissant:  [0.9, 0.1, null, null]
        slipper:    [0.1, 0.9, null, null]
        other:      [0, 0, null, null]
        background: [0, 0, null, null]
      ap50: {all: null}
"""


def _write_claims_and_errors(results: Path) -> None:
    """Write a claims table of five claims, and three errors of one run: tiles of plain red, green and blue."""
    write_text(results / "tables/claims.csv", CLAIMS)
    write_text(results / "tables/sizes.csv", SIZES)
    for name, text in (
        ("headline", HEADLINE), ("comparisons", COMPARISONS), ("metric_checks", CHECKS), ("fingerprints", FINGERPRINTS)
    ):  # fmt: skip
        write_text(results / f"tables/{name}.csv", text)
    folder = results / "errors/random-on-flow_public"
    header = "tile,kind,frame,recording,condition,true,predicted,conf,iou,x0,y0,x1,y1\n"
    rows = (
        "0,missed,4,rec,20 mbar,slipper,,,,1,1,9,9\n1,background,5,rec,,,other,0.625,,1,1,9,9\n"
        "2,classification,6,rec,,slipper,other,0.5,0.75,1,1,9,9\n"
    )
    write_text(folder / "errors.csv", header + rows)
    strip = Image.new("RGB", (32, 96))
    for number, colour in enumerate(("red", "lime", "blue")):
        strip.paste(colour, (0, 32 * number, 32, 32 * number + 32))
    strip.save(folder / "tiles.png")


UNIVERSAL = (
    "run,model,testset,size,input,clusters,ap50,ap50_low,ap50_high,recall,recall_low,recall_high,n_recordings,n_frames,"
    "n_boxes,false_positives_per_frame,class_recall,unnamed,made,frames,difference_low,difference_high\n"
    "random-on-flow_public,random,flow_public,native,grey,evaluated,0.7,0.6,0.8,0.6,,,2,20,40,0.5,,,here,these,,\n"
    "random-on-flow_public,random,flow_public,native,grey,ignored,0.8,0.7,0.9,0.6,,,2,20,30,0.5,,,here,these,,\n"
    "plain-on-flow_public,plain,flow_public,native,grey,evaluated,0.65,,,0.6,,,2,20,40,0.5,,,here,these,,\n"
    "u,universal,flow_public,native,grey,evaluated,0.875,0.8,0.9,0.9,,,2,20,40,0.1,,,shipped,these,,\n"
    "u,universal,flow_public,native,grey,ignored,0.95,,,0.9,,,2,20,40,0.1,,,shipped,these,,\n"
    "uf,universal,flow_public,fitted,grey,evaluated,0.876,0.8,0.9,0.9,,,2,20,40,0.15,,,shipped,these,,\n"
    "plain-on-saarland_donors,plain,saarland_donors,trained,grey,,0.75,,,0.7,,,3,9,30,0.2,0.522,other,here,these,,\n"
    "random-on-saarland_donors,random,saarland_donors,trained,grey,,0.75,0.7,0.8,0.7,,,3,9,30,0.2,0.511,,here,these,,\n"
    "s,starter,saarland_donors,native,grey,,0.94,0.9,1,0.9,,,3,9,30,0.1,0.6,,shipped,others,,\n"
    "v,universal,saarland_donors,native,grey,,0.95,0.9,1,0.9,,,3,9,30,0.1,0.777,,shipped,others,,\n"
)
CONDITIONS = (
    "model,testset,size,condition,ap50,ap50_low,ap50_high,clusters\nuniversal,naples,native,all,0.888,,,\n"
    "universal,stress_naples,native,all,0.5,,,\nuniversal,stress_naples,native,none,0.91,0.9,0.92,\n"
    "starter,stress_naples,native,none,0.81,0.8,0.82,\n"
    "universal,stress_harder_naples,native,mean of the disturbed,0.412,,,\n"
    "universal,stress_harder_naples,fitted,mean of the disturbed,0.467,,,\n"
)
READINGS = (
    "testset,source,condition,ap50,expected,verdict,reasons\n"
    "stress_naples,naples,none,0.9,0.9,valid,\nstress_harder_naples,naples,noise 60,0.1,0.3,not valid,too noisy\n"
    "stress_harder_saarland,nouaman2024,gamma 8,0.3,0.88,valid,\nstress_naples,naples,motion 9,0.59,0.81,valid,\n"
    "stress_harder_naples,naples,streaks 25,0.85,0.5,not valid,\n"
)
OVER_SEEDS = (
    "variant,testset,size,condition,clusters,seeds,ap50,ap50_sd,difference,difference_sd,low,high\n"
    "whole,naples,native,all,,3,0.9,0.01,0,0,0,0\nwithout_noise,naples,native,all,,3,0.86,0.01,-0.04,0.008,-0.062,-0.018\n"
)


def write_universal(folder: Path) -> None:
    """Write what the section about the shipped detector is made of; no comparison of laboratories."""
    write_text(folder / "results/tables/universal.csv", UNIVERSAL)
    shipped = folder / "resources/universal"
    write_text(folder / "config/universal.yaml", "images:\n  train: 4321\n")
    banks = "universal: {banks: [simulated, nouaman2024]}\n"
    write_text(folder / "config/universal/variants.yaml", banks)
    record = {
        "epochs": 8,
        "average": 0.5,
        "seed": [0, 1, 2],
        "cells": {"n": 1234},
        "learned_from": ["phantom"],
        "files": {"weights/best.pt": {"sha256": "fe" * 32}},
    }
    write_json(shipped / "training.json", record)
    costs = {"costs": {"unsure": 1.7, "large": 0.0}}
    write_json(shipped / "gauge.json", {"spearman": {"naples": 0.81}, "spearman_of_mild": {"naples": 0.4}} | costs)
    found = (
        "model,size,measure,low,high,n_boxes,recall\nuniversal,native,side_px,0,12,40,0.25\n"
        "universal,fitted,side_px,0,12,40,0.75\nuniversal,native,side_px,96,inf,7,0.5\n"
    )
    tables = {
        "conditions": CONDITIONS,
        "gauge": READINGS,
        "ablation": OVER_SEEDS,
        "seeds": OVER_SEEDS.replace("whole", "universal"),
        "found": found,
    }
    for name, text in tables.items():
        write_text(shipped / f"{name}.csv", text)


def write_tree(folder: Path) -> Tree:
    """Write a results folder with everything but two gaps: the Naples recordings and the dataset ``synthetic``."""
    results = folder / "results"
    _write_raw_and_cells(results)
    _write_dataset_and_model(results)
    _write_validation(results)
    _write_figures(results)
    _write_benchmarks(results)
    _write_claims_and_errors(results)
    citation = (
        "cff-version: 1.2.0\ntitle: rbcflow\nversion: 0.1.0\nlicense: AGPL-3.0-or-later\n"
        "authors:\n  - name: The rbcflow developers\n"
    )
    write_text(folder / "CITATION.cff", citation)
    write_text(folder / "paper/published.yaml", PUBLISHED)
    write_text(folder / "paper/published_items.yaml", ITEMS)
    write_universal(folder)
    return Tree(results, folder, CONFIG, REGISTRY, SOURCES, RUNS)
