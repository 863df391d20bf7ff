"""Folders of pictures with boxes, as Ultralytics reads them."""

from rbcflow.sources.laboratory import Laboratory, TestSetKind

LABORATORY = Laboratory(
    layout="yolo_folder",
    takes="pictures with boxes, as Ultralytics reads them",
    stands="`images/any name.png` and `labels/any name.txt`, or both in a folder a split",
    methods=("rim",),
    kinds={
        "yolo_folder": TestSetKind("the pictures with their own labels, of a folder with splits those of `test`"),
    },
    access=("local", "published"),
)
