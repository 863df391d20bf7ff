"""Crops of single cells of one's own."""

from rbcflow.sources.laboratory import Laboratory

LABORATORY = Laboratory(
    layout="crops",
    takes="crops of any size, 8-bit grey: BMP, PNG, TIFF, JPEG, PGM",
    stands="`slipper/a.png`, or with donors `donor_1/slipper/a.png`; folders have a class's name",
    methods=("contrast", "cellpose", "unet", "yolo"),
    access=("local",),
)
