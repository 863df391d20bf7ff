"""What Label Studio makes of the archive of frames to correct: run once, its output is beside this file.

The converter of Label Studio's SDK cannot be installed beside this project's packages: version 2.1.2, the newest when
this was written, asks for opencv-python-headless below 4.13, and requirements.lock has 5.0. In an environment of its
own (``pip install label-studio-sdk==2.1.2``):

    python tests/label_studio/convert.py <unpacked labels.zip of test_recordings_labels.py> tests/label_studio
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from label_studio_sdk.converter import Converter
from label_studio_sdk.converter.imports.yolo import convert_yolo_to_ls


def main(archive: Path, output: Path) -> None:
    """Write ``tasks.json`` (the converter reads the YOLO files), ``yolo/`` and ``coco/`` (it exports our tasks)."""
    convert_yolo_to_ls(str(archive), str(output / "tasks.json"), out_type="predictions")
    (output / "tasks.label_config.xml").unlink()
    tasks = json.loads((archive / "label_studio.json").read_text())
    for number, task in enumerate(tasks, start=1):
        regions = task.pop("predictions")[0]["result"]
        task |= {"id": number, "annotations": [{"id": number, "completed_by": 1, "result": regions}]}
        # pictures that were uploaded instead of served are called like this
        if number == 1:
            task["data"]["image"] = f"/data/upload/1/0a1b2c3d-{task['data']['image'].rpartition('/')[2]}"
    exported = output / "export.json"
    exported.write_text(json.dumps(tasks))
    # the interface in another order: the numbers of the classes are not those that went in
    lines = (archive / "label_studio.xml").read_text().splitlines(keepends=True)
    labels = [line for line in lines if "<Label " in line]
    interface = "".join(labels.pop() if "<Label " in line else line for line in lines)
    for kind in ("yolo", "coco"):
        shutil.rmtree(output / kind, ignore_errors=True)
        converter = Converter(interface, project_dir=str(output), download_resources=False)
        getattr(converter, f"convert_to_{kind}")(str(exported), str(output / kind), is_dir=False)
        shutil.rmtree(output / kind / "images")
    exported.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
