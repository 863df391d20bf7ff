"""Public recordings of red cells in a 20 µm channel."""

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
)
