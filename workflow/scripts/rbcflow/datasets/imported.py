"""Datasets that exist already: published ones from a streamed archive, or a folder's (rule ``import_dataset``).

Only images and label files of the three splits are taken, under names of our own; no path from inside an archive is
ever written to.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import hashlib
import http.client
import io
import logging
import re
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import cv2
import numpy as np

from rbcflow.core.classes import CLASSES
from rbcflow.core.errors import InputError
from rbcflow.datasets.dataset import SPLITS, check_labels, write_table
from rbcflow.runtime.download import opened
from rbcflow.sources.labelled import YoloFolder, decode, labels_of, read_folder
from rbcflow.sources.listing import check_name, listed

CHUNK = 1 << 20
MOST_FILE, MOST_BYTES = 2**26, 2**33
"""Largest file of a set, and largest sum of them, unpacked: 64 MiB and 8 GiB."""
MEMBER = re.compile(r"(train|val|test)/(images|labels)/([\w.-]+)\.(png|txt)")
"""What is taken of a set, relative to its folder; images and labels alone."""

FACTORS = {"noise_fn": "noise", "lines": "lines", "artifacts": "artifacts", "channel_state": "channel"}
"""Columns of the published tables that are factors, and their names here."""

LEVELS = {"lighten_channel": "lighten", "darken_channel": "darken"}
"""Levels of these factors that have another name here."""

PNG_HEAD = b"\x89PNG"

Entry = tuple[str, Callable[[], bytes]]
"""A file of a set, relative to its folder, and what reads it."""
log = logging.getLogger(__name__)


class NoDownload(InputError):
    """The archive of the published sets does not come."""


def import_archive(
    url: str, folder: str, target: Path, *, images: Mapping[str, int], table: str, classes: int, known: Path
) -> None:
    """Stream an archive and take one published set out of it.

    Args:
        url: of a gzipped tar archive; its files lie in one top folder of any name.
        folder: of the set, inside the top folder.
        target: the dataset's folder, which gets ``{split}/shards/000``.
        images: how many images each split must have.
        table: the set's table of factors, below its folder; it may be absent.
        classes: number of classes; ids count from 0.
        known: file with the set's fingerprint; written on first sight, compared ever after.

    Raises:
        InputError: the archive does not come, is cut off, has a path that leads out of it, a link in the set or more
            than it can have; the counts, a label or the fingerprint are wrong.
    """
    with _streamed(url, folder, table) as files:
        _take(files, target, classes=classes, images=images, origin=url, known=known)


def import_split(
    url: str, folder: str, target: Path, *, split: str, images: Mapping[str, int], classes: int, known: Path
) -> None:
    """Stream an archive and take one split of a published set out of it.

    Args:
        url: as ``import_archive``, and so ``folder``, ``images`` and ``classes``.
        folder: of the set.
        target: gets ``<split>/images`` and ``<split>/labels``, with five-digit names in the order of the old ones.
        split: ``train``, ``val`` or ``test``.
        images: how many images each split must have.
        classes: number of classes.
        known: file with the split's fingerprint.

    Raises:
        NoDownload: the archive does not come.
        InputError: as ``import_archive``.
    """
    with _streamed(url, folder, "") as files:
        _write_files((entry for entry in files if entry[0].startswith(f"{split}/")), target)
    digests = _finish(target / split, split, {}, classes, images, url)
    _compare(hashlib.sha256(b"".join(bytes.fromhex(one) for one in digests)).hexdigest(), known, url)


def import_set(url: str, folder: str, target: Path, *, images: Mapping[str, int], classes: int, known: Path) -> None:
    """Stream an archive and take one published set out of it as a folder of images and labels a split.

    Arguments and errors are those of ``import_split``, ``known`` of the whole set.

    Raises:
        InputError: as ``import_archive``.
    """
    with _streamed(url, folder, "") as files:
        _write_files(files, target)
    digests = {split: _finish(target / split, split, {}, classes, images, url) for split in SPLITS}
    _compare(_fingerprint(digests), known, url)


@contextlib.contextmanager
def _streamed(url: str, folder: str, table: str) -> Iterator[Iterator[Entry]]:
    """Give the files of a set in an archive while it comes."""
    with opened(url, "the archive, or `dataset: generated`", NoDownload) as response:
        try:
            yield _members(response, folder, table, url)
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, http.client.HTTPException) as error:
            raise InputError(url, f"an archive that is cut off or damaged ({error})", "a whole gzipped tar") from error


def import_folder(folder: Path, target: Path, *, classes: int) -> None:
    """Take the set in a folder of one's own, as Ultralytics reads it; arguments as ``import_archive``.

    Classes go by their names where the folder says them. Nothing but pictures and labels is taken over, no sum and no
    table that lies there.

    Raises:
        InputError: a split is missing, a picture is in train and in another, or as ``sources.labelled``.
    """
    for name, path in listed(folder).files.items():
        check_name(path, name)
    found = read_folder(folder)
    if missing := [split for split in SPLITS if not found.splits.get(split)]:
        there = ", ".join(split for split in found.splits if split) or "pictures without splits"
        expected = "pictures for train, val and test: <split>/images, images/<split>, or a data.yaml that names them"
        raise InputError(folder, f"{there}, and none for {', '.join(missing)}", expected)
    for remark in found.remarks():
        log.warning("%s: %s", folder, remark)
    both = {path for split in SPLITS[1:] for path in _paths(found, split)} & set(_paths(found, "train"))
    if both:
        raise InputError(
            sorted(both)[0], "a picture of train in another split", f"each in one ({len(both)} are in two)"
        )
    ids = found.class_ids() or {number: number for number in range(classes)}
    with _partial(target) as partial:
        for split in SPLITS:
            _write_split(partial / split, split, found, ids, classes)


def _paths(found: YoloFolder, split: str) -> list[Path]:
    return [picture.path.resolve() for picture in found.splits[split]]


def _write_split(folder: Path, split: str, found: YoloFolder, ids: Mapping[int, int], classes: int) -> None:
    """Write the pictures of a split under our names and with our numbers of classes, and its tables."""
    digests, records = [], []
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True)
    for index, picture in enumerate(found.splits[split]):
        image, label = folder / f"images/{index:05d}.png", folder / f"labels/{index:05d}.txt"
        objects = [(ids[own.class_], own) for own in labels_of(picture, len(ids))]
        if unknown := [own for number, own in objects if number >= classes]:
            name = found.names[unknown[0].class_] if found.names else unknown[0].class_
            raise InputError(picture.label, f"class {name}", f"one of {', '.join(CLASSES[:classes])}")
        _write_picture(picture.path, image)
        label.write_text("".join(own.text(number) for number, own in objects))
        digests.append({"index": index, "sha256": _digest(image, label)})
        records.append({"index": index, "split": split, "file": picture.path.name})
        placed = [number for number, _ in objects]
        records[-1] |= {f"{name}_placed": placed.count(number) for number, name in enumerate(CLASSES[:classes])}
    write_table(folder / "metadata.csv", records)
    write_table(folder / "digests.csv", digests)
    log.info("%s %s: %d images", found.root, split, len(records))


def _write_picture(source: Path, target: Path) -> None:
    """Write a picture as PNG: its own bytes where they are one that needs no conversion, else its pixels."""
    pixels, content = decode(source), source.read_bytes()
    stored = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if content.startswith(PNG_HEAD) and stored.shape == pixels.shape:
        target.write_bytes(content)
    else:
        target.write_bytes(cv2.imencode(".png", pixels if pixels.ndim == 2 else pixels[..., ::-1])[1])


def _members(response: BinaryIO, folder: str, table: str, url: str) -> Iterator[Entry]:
    """Yield the files of a set from the stream of an archive, which is read to its end so that its sum is checked."""
    total = 0
    # tarfile's own gzip reader takes an archive cut off between two files for a whole one
    with gzip.GzipFile(fileobj=response) as stream:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                path = PurePosixPath(member.name)
                if path.is_absolute() or ".." in path.parts:
                    raise InputError(url, f"path {member.name}", "paths inside the archive's folder", "archive")
                inside = PurePosixPath(*path.parts[1:])
                if not inside.is_relative_to(folder) or member.isdir():
                    continue
                name = inside.relative_to(folder).as_posix()
                if not member.isreg():
                    raise InputError(url, f"{member.name}, which is no plain file", "images and labels", "archive")
                if MEMBER.fullmatch(name) or name == table:
                    total += member.size
                    if member.size > MOST_FILE or total > MOST_BYTES:
                        found = f"{member.name} of {member.size} bytes, {total} so far"
                        raise InputError(url, found, f"at most {MOST_FILE} and {MOST_BYTES} bytes", "archive")
                    yield name, archive.extractfile(member).read
        while stream.read(CHUNK):
            pass


def _take(
    entries: Iterator[Entry],
    target: Path,
    *,
    classes: int,
    images: Mapping[str, int],
    origin: str,
    known: Path,
) -> None:
    """Write a set as one shard a split, under five-digit names in the order of the old ones; all of it or nothing."""
    with _partial(target) as partial:
        rows = _write_files(entries, partial)
        digests = {split: _finish(partial / split, split, rows, classes, images, origin) for split in SPLITS}
        _compare(_fingerprint(digests), known, origin)


@contextlib.contextmanager
def _partial(target: Path) -> Iterator[Path]:
    """Give a folder for the splits, which become shards of a dataset once all are written; all of it or nothing."""
    partial = target / ".import.partial"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        yield partial
        for split in SPLITS:
            shard = target / split / "shards" / "000"
            shutil.rmtree(shard, ignore_errors=True)
            shard.parent.mkdir(parents=True, exist_ok=True)
            (partial / split).rename(shard)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write_files(entries: Iterator[Entry], partial: Path) -> dict[tuple[str, str], dict[str, str]]:
    """Write images and labels under their old names; return the rows of the set's table by split and stem."""
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for name, read in entries:
        if match := MEMBER.fullmatch(name):
            split, kind, stem, suffix = match.groups()
            place = partial / split / f"old-{kind}"
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{stem}.{suffix}").write_bytes(read())
        elif name.endswith(".csv"):
            for row in csv.DictReader(io.StringIO(read().decode("utf-8"))):
                parts = PurePosixPath(row.get("path", "")).parts
                split = next((part for part in parts if part in SPLITS), "")
                rows[split, PurePosixPath(row.get("filename", "")).stem] = row
    return rows


def _finish(folder: Path, split: str, rows: dict, classes: int, images: Mapping[str, int], origin: str) -> list[str]:
    """Check a split, give its files our names, and write its tables; return a digest an image."""
    stems = [sorted(path.stem for path in (folder / f"old-{kind}").glob("*")) for kind in ("images", "labels")]
    if stems[0] != stems[1] or len(stems[0]) != images[split]:
        found = f"{len(stems[0])} images and {len(stems[1])} labels"
        raise InputError(origin, found, f"{images[split]} images, each with its label", f"split {split}")
    digests, records = [], []
    for kind in ("images", "labels"):
        (folder / kind).mkdir()
    for index, stem in enumerate(stems[0]):
        image, label = folder / f"images/{index:05d}.png", folder / f"labels/{index:05d}.txt"
        (folder / f"old-images/{stem}.png").rename(image)
        (folder / f"old-labels/{stem}.txt").rename(label)
        try:
            found = check_labels(label, classes, inside=False)
        except InputError as error:
            raise InputError(origin, error.found, error.expected, f"{split}/labels/{stem}.txt, {error.where}") from None
        digests.append({"index": index, "sha256": _digest(image, label)})
        records.append({"index": index, "split": split, "file": f"{stem}.png"} | _factors(rows.get((split, stem))))
        records[-1] |= {f"{name}_placed": found.count(number) for number, name in enumerate(CLASSES[:classes])}
    for kind in ("images", "labels"):
        (folder / f"old-{kind}").rmdir()
    write_table(folder / "metadata.csv", records)
    write_table(folder / "digests.csv", digests)
    log.info("%s %s: %d images", origin, split, len(records))
    return [row["sha256"] for row in digests]


def _factors(row: dict[str, str] | None) -> dict[str, str]:
    """Return the factors of one image that the published table has."""
    found = {ours: row[theirs] for theirs, ours in FACTORS.items() if theirs in row} if row else {}
    return {factor: LEVELS.get(level, level) for factor, level in found.items()}


def _digest(image: Path, label: Path) -> str:
    """Return the sha256 over an image's pixels, then its label, as for generated images."""
    pixels = cv2.imread(str(image), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise InputError(image, "no readable picture", "a PNG image")
    return hashlib.sha256(pixels.tobytes() + label.read_bytes()).hexdigest()


def _fingerprint(digests: Mapping[str, list[str]]) -> str:
    """Return the fingerprint ``collect`` writes for these digests."""
    return hashlib.sha256(b"".join(bytes.fromhex(one) for split in SPLITS for one in digests[split])).hexdigest()


def _compare(found: str, known: Path, origin: str) -> None:
    """Keep a set's fingerprint on first sight, and compare with it ever after."""
    if not known.is_file():
        known.parent.mkdir(parents=True, exist_ok=True)
        known.write_text(f"{found}\n")
    expected = known.read_text().strip()
    if found != expected:
        raise InputError(origin, f"a set with fingerprint {found}", f"{expected}, as in {known}", "fingerprint")
