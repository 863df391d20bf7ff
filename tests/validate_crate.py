"""Print what `roc-validator` finds in an RO-Crate, as JSON: run by the environment that `make` sets up for it alone.

Its profiles come with the package, and the one context that the crate names with `rocrate` 0.13, the last release that
has RO-Crate 1.1's, through the validator's own cache. Nothing else is in it, and it works offline: no network is asked.
"""

from __future__ import annotations

import json
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from requests_cache import CachedRequest, CachedResponse, CachedSession
from rocrate_validator import models, services

CONTEXT = "https://w3id.org/ro/crate/1.1/context"


def fill(cache: Path) -> None:
    """Put the context into a cache."""
    content = files("rocrate").joinpath("data/ro-crate.jsonld").read_bytes()
    kind = {"Content-Type": "application/ld+json"}
    request = CachedRequest(method="GET", url=CONTEXT)
    with CachedSession(cache_name=str(cache), backend="sqlite", expire_after=-1) as session:
        answer = CachedResponse(status_code=200, url=CONTEXT, content=content, headers=kind, request=request)
        session.cache.save_response(answer)


def validate(crate: Path, severity: str) -> list[dict[str, str]]:
    """Return the issues of a crate, of a severity and above: severity, check, entity and message."""
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder) / "cache")
        settings = services.ValidationSettings(
            rocrate_uri=str(crate),
            profile_identifier="provenance-run-crate",
            requirement_severity=models.Severity[severity],
            cache_path=Path(folder) / "cache",
            offline=True,
        )
        result = services.validate(settings)
    return [
        {
            "severity": issue.severity.name,
            "check": issue.check.identifier,
            "entity": str(issue.violatingEntity),
            "message": issue.message,
        }
        for issue in result.get_issues()
    ]


if __name__ == "__main__":
    print(json.dumps([validate(Path(crate), sys.argv[1]) for crate in sys.argv[2:]]))
