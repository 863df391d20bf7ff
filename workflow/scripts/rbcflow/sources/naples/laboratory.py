"""The laboratory in Naples: colour TIFF stacks by flow velocity."""

from rbcflow.sources.laboratory import Laboratory, TestSetKind

LABORATORY = Laboratory(
    layout="naples",
    takes="TIFF stacks, 8-bit grey or RGB, or 16-bit grey; any size; one recording a stack",
    stands="in a folder of its flow velocity, `v 0.12 cm:s/name.tif` (`v 0,12 cm_s` does as well)",
    methods=("background", "unet", "cellpose", "yolo"),
    kinds={
        "naples": TestSetKind(
            "frames evenly spaced over the recordings, boxes by background subtraction, without classes"
        ),
        "naples_published": TestSetKind(
            "frames with an accepted cell, as the preprint's notebook wrote it, and its box"
        ),
    },
    drawn_with=("velocities", "tiffs_per_velocity", "pages"),
    coloured=True,
)
