"""The Saarland's laboratory: videos by blood donor, annotated frames, crops of single cells."""

from rbcflow.sources.laboratory import Laboratory, TestSetKind

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
        "saarland_frames": TestSetKind("frames of held-out videos that carry no annotation, boxes by background"),
    },
    drawn_with=(
        "donors",
        "recordings_per_donor",
        "frames_per_recording",
        "annotate_every",
        "crops_per_class",
        "raw_crops_per_folder",
    ),
    paper_shares={"train": 0.80, "val": 0.10, "test": 0.10},
)
