"""Kihm et al. 2018: crops of single cells by shape, and by pressure and shape."""

from rbcflow.sources.extraction import Extraction
from rbcflow.sources.laboratory import Laboratory

LABORATORY = Laboratory(
    layout="kihm2018",
    takes="crops of single cells, 90×90 grey",
    stands="in a folder of their class: `Croissant`, `Slipper`, `Sheared`, ...; one of a pressure above it "
    "(`..._20mbar/Slippers`) is their condition",
    methods=("contrast", "cellpose", "unet", "yolo"),
    phantom_sizes=("kihm_per_class", "kihm_s3_scale"),
    # The preprint's test for slippers was a chained comparison that kept everything up to 2.5; that elongated slippers
    # should stay is what its text says (deviations).
    extraction=Extraction(elongation={"croissant": 0.5, "slipper": 2.5}, all_labels=("slipper",)),
    practice={"kihm_per_class": 30, "kihm_s3_scale": 0.004},
    paper_shares={"train": 0.70, "val": 0.15, "test": 0.15},
)
