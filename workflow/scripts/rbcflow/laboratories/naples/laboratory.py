"""The laboratory in Naples: colour TIFF stacks by flow velocity."""

from dataclasses import replace

from rbcflow.sources.extraction import Extraction, Thresholds
from rbcflow.sources.laboratory import Laboratory, TestSetKind

# grown to the soft rim, which the preprint's thresholds leave out
CELLS = Thresholds(outline=6)

LABORATORY = Laboratory(
    layout="naples",
    takes="TIFF stacks, 8-bit grey or RGB, or 16-bit grey; any size; one recording a stack",
    stands="in a folder of its flow velocity, `v 0.12 cm:s/name.tif` (`v 0,12 cm_s` does as well)",
    methods=("background", "unet", "cellpose", "yolo"),
    kinds={
        "naples": TestSetKind(
            "frames evenly spaced over the recordings, boxes by background subtraction, without classes",
            # the preprint's 40 pixels in height pick one large cell a frame; in a truth, smaller cells must not miss
            background=replace(CELLS, min_height=16, largest_only=False),
        ),
        "naples_published": TestSetKind(
            "frames with an accepted cell, as the preprint's notebook wrote it, and its box",
            background=Thresholds(),
        ),
    },
    phantom_sizes=("velocities", "tiffs_per_velocity", "pages"),
    coloured=True,
    # the preprint halved these frames too
    extraction=Extraction(background=CELLS, scale=0.5),
    practice={"velocities": [0.12, 0.7], "tiffs_per_velocity": 3, "pages": 8},
)
