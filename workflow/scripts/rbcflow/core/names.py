"""What models, test sets, sources and origins are called where a reader sees them; ids stay in files and commands."""

from __future__ import annotations

MODELS: dict[str, str] = {
    "random": "overlap",
    "random_nosuperposition": "no overlap",
    "random_nosuperposition_noother": "no overlap, 2 classes",
    "random_nosuperposition_nowalls": "no overlap, no walls",
    "microfluidic_nosuperposition": "channel",
    "synthetic": "simulated cells",
}
"""Detectors, and the sets of composed images they learn from, which have the same ids."""

TESTSETS: dict[str, str] = {
    "saarland_donors": "Saarland, all donors",
    "saarland_one_donor": "Saarland, one donor",
    "saarland_frames": "Saarland, plain video",
    "naples": "Naples",
    "flow_public": "public recordings",
    "singapore_raw": "Singapore",
}

SOURCES: dict[str, str] = {
    "nouaman2024": "Saarland",
    "naples": "Naples",
    "kihm2018": "Kihm 2018",
    "liang2024": "Singapore",
    "liang2024_yolo": "Singapore, by a detector",
    "flow_public": "public recordings",
    "drawn": "simulated cells",
}
"""Laboratories and the banks of cells cut from their recordings."""

ORIGINS: dict[str, str] = {
    "phantom": "simulated",
    "public": "public",
    "published": "published",
    "raw": "laboratory",
    "unknown": "unknown",
}
"""Words of ``provenance.ORIGINS`` on a badge."""

CLASSES: dict[str, str] = {"croissant": "parachute", "slipper": "slipper", "other": "other", "background": "background"}
"""What biologists call the preprint's classes; its files say croissant."""

_OF_CLASS = {
    f"{ratio}_{name}": words.format(CLASSES[name])
    for ratio, words in (
        ("recall", "share of the cells of class {} that are found and named so"),
        ("precision", "share of the boxes named {} that are one"),
    )
    for name in ("croissant", "slipper", "other")
}

METRICS: dict[str, str] = {
    "recall": "share of the cells that are found, whatever they are named",
    "precision": "share of the boxes that are on a cell, whatever it is named",
    "f1": "harmonic mean of recall and precision, classes ignored",
    "recall_one_box": "share of the cells that are found where a cell may keep one box",
    "precision_one_box": "share of the boxes that are on a cell where a cell may keep one box",
    "f1_one_box": "harmonic mean of both where a cell may keep one box",
    "ap50": "average precision at an overlap of 0.5, classes ignored",
    "map50": "average precision at an overlap of 0.5, mean over the classes",
    "map50_95": "average precision over overlaps of 0.5 to 0.95, mean over the classes",
    "class_recall_mean": "share of each class that is found and named rightly, mean over the classes",
    "background_per_frame": "boxes on plain background in a frame",
    "wall_slippers_per_frame": "boxes named slipper on a channel wall in a frame",
    "iou_median": "median overlap of found cells with their boxes",
    "offset_px": "median distance of a box's centre from its cell's, in pixels",
    "offset_share": "median distance of a box's centre from its cell's, in sizes of the cell",
    "size_ratio": "median side of a box over that of its cell",
    "elongation": "median length over width of a cell",
    "saturation": "median colour saturation of a cell",
    "halo": "median brightness of the rim against the surroundings",
    **_OF_CLASS,
}
"""Numbers of the tables in words."""

OWN = "_test"
"""What the id of a variant's own test images ends with."""


def shown(name: str) -> str:
    """Return the display name of a model, dataset, test set, source, bank or run; unknown ones lose underscores."""
    if "-on-" in name:
        model, testset = name.split("-on-", 1)
        testset, _, switch = testset.partition("-at-")
        return f"{shown(model)} on {shown(testset)}" + (f" ({switch} size)" if switch else "")
    for table in (MODELS, TESTSETS, SOURCES):
        if name in table:
            return table[name]
    if name.endswith(OWN):
        return f"composed: {shown(name.removesuffix(OWN))}"
    return name.replace("_", " ")
