"""Public recordings of red cells in a 20 µm channel."""

from rbcflow.sources.extraction import Extraction, Thresholds
from rbcflow.sources.laboratory import Laboratory, TestSetKind

LABORATORY = Laboratory(
    layout="flow_public",
    takes="HDF5 recordings with backgrounds, `.h5`, `.hdf5` or `.rtdc`",
    stands="anywhere",
    methods=("background", "unet", "cellpose", "yolo"),
    kinds={
        "flow_public": TestSetKind("with a table of boxes", annotations="resources/annotations/flow_public.csv"),
    },
    access=("package", "local"),
    # 320-400 x 80 pixels, several cells a frame, about 60 x 17 pixels each, another of which may be beside a cell
    extraction=Extraction(
        Thresholds(
            threshold=15,
            threshold_at={},
            min_height=10,
            min_width=20,
            edge_buffer=2,
            beside=0,
            max_edge_difference=15.0,
            largest_only=False,
        )
    ),
)
