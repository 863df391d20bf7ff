"""Kihm et al. 2018: crops of single cells by shape, and by pressure and shape."""

from rbcflow.sources.laboratory import Laboratory

LABORATORY = Laboratory(
    layout="kihm2018",
    takes="crops of single cells, 90×90 grey",
    stands="in a folder of their class: `Croissant`, `Slipper`, `Sheared`, ...; one of a pressure above it "
    "(`..._20mbar/Slippers`) is their condition",
    methods=("contrast", "cellpose", "unet", "yolo"),
    drawn_with=("kihm_per_class", "kihm_s3_scale"),
    paper_shares={"train": 0.70, "val": 0.15, "test": 0.15},
)
