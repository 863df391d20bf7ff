"""The same pixels from every processor: OpenCV's and NumPy's vector units change nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[1]
PROGRAM = """
import hashlib
from compose_bank import cutout
from rbcflow.classes import CLASSES
from rbcflow.compose import VariantSpec
from rbcflow.compose.image import compose
from rbcflow.compose.spec import PRESETS
STOCK = {name: [cutout(33, 25, name), cutout(61, 45, name)] for name in CLASSES}
for name in sorted(PRESETS):
    made = [compose(VariantSpec.from_dict({"name": name}), "train", index, 0, STOCK) for index in range(14)]
    print(name, hashlib.sha256(b"".join(one.image.tobytes() + one.boxes.tobytes() for one in made)).hexdigest())
"""
OLD_PROCESSOR = {
    "OPENCV_CPU_DISABLE": "AVX512-SKX,AVX2,FP16,FMA3,AVX",
    "OPENCV_IPP": "disabled",
    "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR AVX2 FMA3",
}


def test_an_old_processor_makes_the_same_images():
    paths = {"PYTHONPATH": os.pathsep.join(map(str, (PROJECT / "workflow/scripts", PROJECT / "tests")))}
    printed = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, **paths, **units},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for units in ({}, OLD_PROCESSOR)
    ]
    assert len(printed[0]) == 5
    assert printed[0] == printed[1]
