"""A laboratory that the package does not know: strips of frames, one below the other, in a folder of their donor."""

from rbcflow.sources.extraction import Extraction, Thresholds
from rbcflow.sources.laboratory import Laboratory, TestSetKind

LABORATORY = Laboratory(
    layout="strips",
    takes="PNG strips of four grey frames, one below the other",
    stands="`<donor>/<name>.png`",
    methods=("background", "unet"),
    access=("local",),
    kinds={
        "strips": TestSetKind("every frame, with the box of its one cell"),
        "strips_found": TestSetKind("every frame, boxes by background", background=Thresholds(min_height=20)),
    },
    extraction=Extraction(Thresholds(min_height=20, beside=0)),
    paper_shares={"train": 0.25, "val": 0.25, "test": 0.5},
)
