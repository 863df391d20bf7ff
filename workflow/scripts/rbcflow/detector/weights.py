"""Weights on disk: fetched by the rule ``fetch_weights``, verified before any library opens them, hashed by content.

A ``.pt`` file is a pickle, which runs code when opened. Nothing here opens one whose sha256 is not the recorded one.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from rbcflow.core.classes import CELL, class_name
from rbcflow.core.digests import SHA256
from rbcflow.core.errors import InputError
from rbcflow.core.tables import read_object
from rbcflow.core.yamlfile import read_yaml
from rbcflow.runtime.download import download
from rbcflow.runtime.lineage import ORIGINS
from rbcflow.runtime.provenance import sha256

if TYPE_CHECKING:
    import torch

FIRST_SIGHT = "as first seen, in "
"""Before the table's path: in place of a sum that the first download writes there."""
log = logging.getLogger(__name__)
LARGEST = 4096
"""Largest ``imgsz`` that a checkpoint is believed to have been trained at."""


@dataclass(frozen=True)
class Weights:
    """An entry of ``resources/weights.yaml``.

    Attributes:
        name: file name.
        sha256: of the file's bytes, in hexadecimal; None where no trustworthy record was found.
        licence: SPDX identifier.
        url: where to download it, None for a file of the repository.
        size: bytes, None where not known.
        path: where a file of the repository lies, relative to its root.
        first_sight: whether the first download's sum is believed and written into the table; only for files that are
            opened without running anything in them.
        learned_from: origin of the images it learned from, where this project knows; a remark wherever it is used.
    """

    name: str
    sha256: str | None
    licence: str
    url: str | None = None
    size: int | None = None
    path: str | None = None
    first_sight: bool = False
    learned_from: str | None = None


def read_weights(table: Path) -> dict[str, Weights]:
    """Return the entries of ``resources/weights.yaml`` by name.

    Raises:
        InputError: no YAML, or an entry lacks a key, has an unknown one, or a name, address or sum that cannot be.
    """
    return {name: _entry(table, name, entry) for name, entry in read_yaml(table).items()}


def _entry(table: Path, name: str, entry: object) -> Weights:
    """Return a validated entry of the table."""
    known, where = [field.name for field in fields(Weights)][1:], f"key {name}"
    if not isinstance(name, str) or not re.fullmatch(r"\w[\w.-]*", name):
        raise InputError(table, f"the name {name!r}", "letters, digits and . _ -, as it is a file's name", where)
    if not isinstance(entry, dict) or not {"sha256", "licence"} <= entry.keys() <= set(known):
        found = f"keys {', '.join(map(str, entry))}" if isinstance(entry, dict) else repr(entry)
        raise InputError(table, found, f"sha256, licence and some of {', '.join(known)}", where)
    weights = Weights(name, **entry)
    if weights.sha256 is not None and not re.fullmatch(SHA256, str(weights.sha256)):
        raise InputError(table, f"sha256 {weights.sha256!r}", "64 hexadecimal digits, or null", where)
    if (weights.url is None) == (weights.path is None):
        raise InputError(table, f"url {weights.url!r} and path {weights.path!r}", "one of the two", where)
    if weights.url is not None and not re.match("(https?|file)://", weights.url):
        raise InputError(table, f"url {weights.url!r}", "an address that starts with https://", where)
    if weights.first_sight not in (True, False) or (weights.first_sight and weights.url is None):
        raise InputError(table, f"first_sight {weights.first_sight!r}", "true, for a file with a url, or false", where)
    if weights.learned_from not in (None, *ORIGINS):
        raise InputError(table, f"learned_from {weights.learned_from!r}", f"one of {', '.join(ORIGINS)}", where)
    return weights


def fetch(weights: Weights, target: Path, table: Path, *, progress: bool = False) -> None:
    """Download weights; the target appears only when it is complete and verified.

    Args:
        weights: an entry with a url.
        target: file to write.
        table: where the entry stands; gets the sum of a file that is trusted on first sight.
        progress: show a bar.

    Raises:
        InputError: the download fails or the file is not the recorded one.
    """
    part = target.with_suffix(".part")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tqdm(total=weights.size, unit="B", unit_scale=True, desc=weights.name, disable=not progress) as bar:
            schemes = ("https://", "http://", "file://")
            download(weights.url, part, expected=weights.name, schemes=schemes, told=bar.update)
        if weights.first_sight and weights.sha256 is None:
            _record(table, weights.name, sha256(part))
        else:
            verify(part, weights.sha256)
    except InputError:
        part.unlink(missing_ok=True)
        raise
    part.replace(target)


def _record(table: Path, name: str, digest: str) -> None:
    """Write the sum of a first download into the table, in place of its ``null``, and say so loudly."""
    text, found = re.subn(
        rf"(?m)(^{re.escape(name)}:(?:.*\n(?=[ #\n]))*? +sha256: )null", rf"\g<1>{digest}", table.read_text("utf-8")
    )
    if found != 1:
        raise InputError(table, f"no line `sha256: null` of {name}", "one, for the sum of the first download", name)
    table.write_text(text, encoding="utf-8")
    log.warning(
        "NOBODY HAS VOUCHED FOR %s: it is trusted on first sight. Its sha256 %s now stands in %s, and no other file "
        "will be opened in its place. Compare it with a sum of your own if you can.", name, digest, table,
    )  # fmt: skip


def verify(path: Path, expected: str | None) -> None:
    """Check that a file is the recorded one.

    Args:
        path: file to check.
        expected: sha256 of its bytes in hexadecimal, or ``FIRST_SIGHT`` and the table that has it; None where none is
            on record, which no file passes.

    Raises:
        InputError: the file is missing or differs.
    """
    if not path.is_file():
        raise InputError(path, "no file", f"weights with sha256 {expected}")
    found = sha256(path)
    if expected and expected.startswith(FIRST_SIGHT):
        expected = read_weights(Path(expected.removeprefix(FIRST_SIGHT)))[path.name].sha256
    if expected is None:
        advice = "a sha256 on record in resources/weights.yaml; write this one there if you trust the file"
        raise InputError(path, f"sha256 {found}", advice)
    if found != expected:
        raise InputError(path, f"sha256 {found} (changed or damaged since it was recorded)", f"sha256 {expected}")


def load_verified(path: Path, expected: str) -> torch.nn.Module:
    """Return the network of a verified checkpoint, float32, in evaluation mode, on the CPU.

    Call ``setup.import_ultralytics`` first.

    Args:
        path: checkpoint of Ultralytics.
        expected: sha256 of the file's bytes in hexadecimal.

    Raises:
        InputError: the file is missing, differs from the recorded one, is no checkpoint of a YOLO detector for three
            channels with a name for each output, or was trained at a size that is none.
    """
    verify(path, expected)
    from rbcflow.detector.internals import load_checkpoint

    _refuse_text(path)
    try:
        network = load_checkpoint(path)[0]
    # TypeError is the library's word for it, but PyTorch's restricted unpickler has errors of every kind
    except Exception as error:
        found = f"no checkpoint that opens ({' '.join(str(error).split())[:200]})"
        raise InputError(path, found, "a detector as Ultralytics saves it") from error
    if not hasattr(network, "task") or not hasattr(network, "names"):
        found = "a network without the names of its classes and what it is for"
        raise InputError(path, found, "a detector as Ultralytics saves it")
    if (task := _task(network)) != "detect":
        raise InputError(path, f"a network of the task {task}", "a detector: task detect", "task")
    _check_network(path, network)
    network.names = _names(path, network)
    asked = network.args["imgsz"]
    sides = asked if isinstance(asked, list | tuple) else [asked]
    if not sides or not all(type(side) is int and 1 <= side <= LARGEST for side in sides):
        raise InputError(path, repr(asked), f"pixels, 1 to {LARGEST}, or a list of such", "training argument imgsz")
    return network


def _refuse_text(path: Path) -> None:
    """Refuse what a download leaves in place of weights."""
    head = path.read_bytes()[:64].lstrip()
    if head.startswith(b"version https://git-lfs"):
        raise InputError(path, "a pointer of Git LFS in place of the file", "the weights themselves: `git lfs pull`")
    if head.startswith(b"<"):
        raise InputError(path, "a web page", "the weights themselves: download them again")


def _task(network: Any) -> str:
    """Return what a network was made for: by its last layer, whatever its training arguments say."""
    from rbcflow.detector.internals import OBB, Pose, Segment

    heads = {Segment: "segment", Pose: "pose", OBB: "obb"}
    last = network.model[-1]
    return next((task for head, task in heads.items() if isinstance(last, head)), network.task)


def _check_network(path: Path, network: Any) -> None:
    """Refuse a detector whose boxes would be read wrongly, or that does not take pictures of three channels."""
    from rbcflow.detector.internals import Detect

    last = network.model[-1]
    if not isinstance(last, Detect):
        expected = "a detector of the YOLO family, whose last layer is Detect"
        raise InputError(path, f"a network that ends in {type(last).__name__}", expected, "architecture")
    channels = next((value.shape[1] for value in network.parameters() if value.ndim == 4), 3)
    if not all(value.isfinite().all() for value in network.parameters()):
        raise InputError(path, "numbers that are not finite", "a network whose training went well", "weights")
    if channels != 3:
        expected = "3, as pictures are shown to detectors as R, G, B, grey ones too"
        raise InputError(path, f"a network for {channels} channels", expected, "channels")


def _names(path: Path, network: Any) -> dict[int, str]:
    """Return the names of a network's classes by number, in order."""
    own = network.names
    named = dict(enumerate(own)) if isinstance(own, list | tuple) else own
    numbers = list(range(network.model[-1].nc))
    if not isinstance(named, dict) or sorted(map(str, named)) != sorted(map(str, numbers)):
        found = f"names {own!r:.80} for {len(numbers)} outputs"
        raise InputError(path, found, "a name for each output", "class names")
    by_number = {int(number): str(name) for number, name in named.items()}
    return {number: by_number[number] for number in numbers}


def every_place(network: Any, path: Path) -> None:
    """Let a network give the scores of all places, also one that by itself gives the boxes it chose (YOLO26, YOLOv10).

    Raises:
        InputError: the part that does so was taken out of it.
    """
    last = network.model[-1]
    if last.end2end:
        last.end2end = False
    if last.end2end:
        raise InputError(path, "a network without its one-to-many head", "the checkpoint that training wrote", "head")


def recorded(path: Path) -> dict[str, str]:
    """Return what the ``training.json`` of a model folder records of a checkpoint: ``sha256`` and ``state_sha256``.

    Args:
        path: ``<model folder>/weights/best.pt`` or ``last.pt``.

    Raises:
        InputError: the model folder has no ``training.json`` or it does not name the file.
    """
    record = path.parent.parent / "training.json"
    if not record.is_file():
        raise InputError(record, "no file", f"the record of the training that wrote {path.name}")
    files = read_object(record, "the record of a training", ["files"])["files"]
    name = f"{path.parent.name}/{path.name}"
    if not isinstance(files, dict) or name not in files:
        raise InputError(record, f"files {', '.join(sorted(files or []))}", name, "files")
    if not isinstance(files[name], dict) or not {"sha256", "state_sha256"} <= files[name].keys():
        raise InputError(record, f"{files[name]!r:.80}", "sha256 and state_sha256", f"files, {name}")
    return files[name]


def learned_cells(path: Path) -> dict[str, float] | None:
    """Return what ``training.json`` records of the sizes of the cells a checkpoint learned from, None where nothing.

    Args:
        path: ``<model folder>/weights/best.pt`` or ``last.pt``.
    """
    return read_object(path.parent.parent / "training.json", "the record of a training", []).get("cells")


def training_record(path: Path, sha256: str) -> dict[str, Any]:
    """Return the ``training.json`` beside a checkpoint, or of its model folder; {} where none names the file's sum.

    Args:
        path: the checkpoint.
        sha256: of its bytes; a record of another file says nothing of this one.
    """
    for folder in (path.parent, path.parent.parent):
        if (file := folder / "training.json").is_file():
            record = read_object(file, "the record of a training", [])
            files = record.get("files")
            sums = [entry.get("sha256") for entry in files.values()] if isinstance(files, dict) else []
            if sha256 in sums:
                return record
    return {}


def class_names(names: Iterable[str], path: Path) -> list[str]:
    """Return the names of this workflow for a checkpoint's classes, in the checkpoint's order; ``CELL`` stays.

    Raises:
        InputError: a class is none of ours under any known spelling.
    """
    found = list(names)
    if found == [CELL]:
        return found
    try:
        return [class_name(name) for name in found]
    except KeyError as error:
        raise InputError(path, f"classes {', '.join(found)}", str(error.args[0]), "class names") from error


def state_sha256(path: Path) -> str:
    """Return a hash over a checkpoint's network: names, types, shapes and values of its state, sorted by name.

    Unlike the hash of the file's bytes it does not depend on date, host or training arguments. The checkpoint is opened
    with Ultralytics' allow-list of classes. Call ``setup.import_ultralytics`` first.
    """
    from rbcflow.detector.internals import torch_safe_load

    checkpoint, _ = torch_safe_load(path, safe_only=True)
    digest = hashlib.sha256()
    for name, value in sorted((checkpoint.get("ema") or checkpoint["model"]).state_dict().items()):
        array = value.cpu().contiguous().numpy()
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
