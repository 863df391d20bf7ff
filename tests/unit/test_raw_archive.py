"""Downloads over loopback and zip files nobody should trust."""

from __future__ import annotations

import hashlib
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from raw_inputs import CROP, PRESSURE, serving, zipped
from rbcflow.core.errors import InputError
from rbcflow.laboratories.kihm2018 import reader as kihm2018
from rbcflow.runtime.download import download
from rbcflow.sources import archive, layouts

INSTEAD = "get it by hand"


def link(name: str) -> zipfile.ZipInfo:
    """Return the entry of a symbolic link."""
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, tuple[bytes, int]]]:
    """Content by path, served on loopback; the address stands under the empty path."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    served: dict[str, tuple[bytes, int]] = {}
    with serving(served) as url:
        served[""] = (url.encode(), 0)
        yield served


def address(server: dict, path: str) -> str:
    return server[""][0].decode() + path


def test_supporting_files_are_downloaded_and_unpacked_to_the_layout(server, tmp_path):
    content = zipped(
        {
            f"S3/CNN input data/{PRESSURE}/Slippers/a.bmp": CROP,
            f"S3/CNN input data/{PRESSURE}/Others/b.BMP": CROP,
            "S3/CNN input data/read me.txt": b"hello",
            f"__MACOSX/CNN input data/{PRESSURE}/Slippers/a.bmp": b"x",
            f"S3/CNN input data/{PRESSURE}/Slippers/._a.bmp": b"x",
            "S3/CNN output/001_Crop_Pics/Slippers/a.bmp": b"x",
        }
    )
    server["/s3?a=b&c=d"] = (content, 0)
    digest = hashlib.sha256(content).hexdigest()
    download(address(server, "/s3?a=b&c=d"), tmp_path / "a.zip", expected=INSTEAD, sha256=digest)
    archive.unpack(tmp_path / "a.zip", tmp_path / "files", place=kihm2018.place_in_archive, instead=INSTEAD)
    found = sorted(
        path.relative_to(tmp_path / "files").as_posix() for path in (tmp_path / "files").rglob("*.*") if path.is_file()
    )
    assert found == [f"CNN input data/{PRESSURE}/Others/b.BMP", f"CNN input data/{PRESSURE}/Slippers/a.bmp"]
    layouts.check("kihm2018", tmp_path / "files")
    assert kihm2018.recordings(tmp_path / "files") == [
        f"CNN input data/{PRESSURE}/{name}" for name in ("Others", "Slippers")
    ]


@pytest.mark.parametrize(
    ("path", "options", "found"),
    [
        ("/absent", {}, "no download (Not Found)"),
        ("/short", {}, "cut short after 100 bytes"),
        ("/whole", {"sha256": "0" * 64}, "a file with sha256"),
        ("/whole", {"most_bytes": 99}, "more than 99 bytes"),
    ],
)
def test_a_failed_download_says_what_to_do_and_leaves_nothing(server, tmp_path, path, options, found):
    server["/short"], server["/whole"] = (bytes(100), 50), (bytes(100), 0)
    with pytest.raises(InputError) as error:
        download(address(server, path), tmp_path / "a.zip", expected=INSTEAD, **options)
    assert found in error.value.found
    assert INSTEAD in error.value.expected
    assert error.value.path == address(server, path)
    assert list(tmp_path.iterdir()) == []


def test_without_a_server_or_a_web_address(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(InputError, match="no download"):
        download("http://127.0.0.1:9/a.zip", tmp_path / "a.zip", expected=INSTEAD)
    with pytest.raises(InputError, match="no web address"):
        download("file:///etc/hostname", tmp_path / "a.zip", expected=INSTEAD)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("../outside.bmp", "leads out of the folder"),
        ("a/../../outside.bmp", "leads out of the folder"),
        ("/outside.bmp", "leads out of the folder"),
        ("..\\outside.bmp", "leads out of the folder"),
        ("C:\\outside.bmp", "leads out of the folder"),
        (link("inside.bmp"), "a link or special file"),
    ],
    ids=["up", "up from inside", "absolute", "backslash", "drive", "link"],
)
def test_members_that_lead_elsewhere_refuse_the_whole_archive(tmp_path, name, found):
    (tmp_path / "a.zip").write_bytes(zipped({"first.bmp": b"1", name: b"/etc/passwd"}))
    with pytest.raises(InputError, match=found):
        archive.unpack(tmp_path / "a.zip", tmp_path / "in/files", place=lambda member: member, instead=INSTEAD)
    assert [path.name for path in tmp_path.rglob("*")] == ["a.zip"]


def damaged(content: bytes) -> bytes:
    """Change a byte of the stored data."""
    return content[:60] + bytes([content[60] ^ 255]) + content[61:]


@pytest.mark.parametrize(
    ("content", "options", "found"),
    [
        (zipped({"a.bmp": CROP})[:-30], {}, "a damaged zip file"),
        (zipped({"a.bmp": CROP})[:4000], {}, "a damaged zip file"),
        (damaged(zipped({"a.bmp": CROP})), {}, "a damaged zip file"),
        (b"<html>not found</html>", {}, "a damaged zip file"),
        (zipped({"a.bmp": bytes(10**6)}), {"most_bytes": 10**6 - 1}, "1000000 bytes unpacked"),
        (
            zipped({"a/x.bmp": CROP, "b/x.bmp": CROP}),
            {"place": lambda member: PurePosixPath(member.name)},
            "two files for x.bmp",
        ),
        (zipped({"a.txt": b"a"}), {"place": kihm2018.place_in_archive}, "no file of the source's layout"),
    ],
    ids=["cut", "cut early", "damaged", "a page", "too large", "one over another", "nothing wanted"],
)
def test_archives_that_are_wrong(tmp_path: Path, content, options, found):
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(InputError, match=found):
        archive.unpack(
            tmp_path / "a.zip", tmp_path / "files", **{"place": lambda member: member, "instead": INSTEAD} | options
        )
