"""The Saarland's laboratory: videos by blood donor, annotated frames, crops of single cells."""

from rbcflow.sources.extraction import Extraction, Thresholds
from rbcflow.sources.laboratory import Laboratory, TestSetKind

# Cells are cut by polygons; this is for the comparison of ways to cut, and for frames that carry none. Several cells a
# frame, another of which may be beside a cell.
CELLS = Thresholds(
    threshold=12,
    threshold_at={},
    min_height=10,
    min_width=10,
    edge_buffer=2,
    beside=0,
    max_edge_difference=15.0,
    largest_only=False,
)

LABORATORY = Laboratory(
    layout="nouaman2024",
    takes="videos (any 8-bit one that FFmpeg decodes), annotated frames with polygons, crops of single cells",
    stands="videos in a folder of their donor, `videos/<donor>/0300mbar_1.avi` or anywhere below a folder such as "
    "`blood_donor_1`; crops on black in a folder of their class, crops with their background in one of class and "
    "pressure, `Slipper/0300mbar/`",
    methods=("polygon", "segmented_crop", "background", "unet", "cellpose", "yolo"),
    kinds={
        "saarland_donors": TestSetKind("annotated frames of all held-out donors, with classes"),
        "saarland_one_donor": TestSetKind("annotated frames of the held-out donor, with classes"),
        "saarland_frames": TestSetKind(
            "frames of held-out videos that carry no annotation, boxes by background", background=CELLS
        ),
    },
    phantom_sizes=(
        "donors",
        "recordings_per_donor",
        "frames_per_recording",
        "annotate_every",
        "crops_per_class",
        "raw_crops_per_folder",
    ),
    extraction=Extraction(CELLS),
    practice={
        "donors": 2,
        "recordings_per_donor": 3,
        "frames_per_recording": 9,
        "annotate_every": 99,
        "crops_per_class": 0,
        "raw_crops_per_folder": 1,
    },
    paper_shares={"train": 0.80, "val": 0.10, "test": 0.10},
)
