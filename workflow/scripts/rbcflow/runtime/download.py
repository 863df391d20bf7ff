"""Files from the network: the one place that opens an address (weights, laboratories' archives, published sets)."""

from __future__ import annotations

import contextlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from rbcflow.core.errors import InputError
from rbcflow.runtime.provenance import sha256 as digest_of

SECONDS = 60
"""Longest wait for an answer and between two pieces of it."""
MOST_BYTES = 4 * 2**30
"""Largest download."""
PIECE = 2**20


@contextlib.contextmanager
def opened(url: str, expected: str, refused: type[InputError] = InputError) -> Iterator[http.client.HTTPResponse]:
    """Give the answer of an address.

    Args:
        url: the address.
        expected: what should come, and what else the user can do, for the message.
        refused: the error to raise where nothing comes.

    Raises:
        InputError: no connection, an error of the server, or an answer that ends early.
    """
    request = urllib.request.Request(url, headers={"User-Agent": "rbcflow"})
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            yield answer
    except (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException) as error:
        raise refused(url, f"no download ({getattr(error, 'reason', None) or error})", expected) from error


def download(
    url: str,
    target: Path,
    *,
    expected: str,
    sha256: str | None = None,
    most_bytes: int = MOST_BYTES,
    schemes: tuple[str, ...] = ("http://", "https://"),
    told: Callable[[int], object] = lambda received: None,
) -> None:
    """Download a file, whole or not at all.

    Args:
        url: the address.
        target: where to; its folder is made if absent, and nothing stays there after an error.
        expected: what should come, and what else the user can do, for the message.
        sha256: the file's sum, if known.
        most_bytes: a larger file is refused.
        schemes: what the address may start with.
        told: is called with the bytes of each piece.

    Raises:
        InputError: no connection, an error of the server, a file cut short, too large, or of another sum.
    """
    if not url.startswith(schemes):
        raise InputError(url, "no web address", " or ".join(schemes))
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with opened(url, expected) as answer, target.open("wb") as file:
            announced, received = answer.headers.get("Content-Length"), 0
            while piece := answer.read(PIECE):
                received += len(piece)
                if received > most_bytes:
                    raise InputError(url, f"more than {most_bytes} bytes", f"a smaller file; {expected}")
                file.write(piece)
                told(len(piece))
        if announced is not None and received != int(announced):
            raise InputError(url, f"a download cut short after {received} bytes", f"{announced} bytes; {expected}")
        if sha256 and (found := digest_of(target)) != sha256:
            raise InputError(url, f"a file with sha256 {found}", f"sha256 {sha256}; {expected}")
    except BaseException:
        target.unlink(missing_ok=True)
        raise
