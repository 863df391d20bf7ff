"""Known vulnerabilities of the locked packages (`make audit`): runs pip-audit and says plainly what was not looked at.

pip-audit itself reports "no known vulnerabilities" where its service answers for none of the packages.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FOUND, NOT_REACHED = 1, 2
"""Exit codes."""


def verdict(report: dict[str, Any]) -> tuple[str, int]:
    """Return what pip-audit's report means, and an exit code: 0 where every package was audited and none is bad."""
    packages = report["dependencies"]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    bad = [
        f"{package['name']} {package['version']}: {found['id']}, fixed in {', '.join(found['fix_versions']) or 'none'}"
        for package in packages
        for found in package.get("vulns", [])
    ]
    audited = len(packages) - len(skipped)
    if bad:
        return "\n".join([f"{len(bad)} known vulnerabilities in {audited} audited packages:", *bad]), FOUND
    if not audited:
        return f"The vulnerability service was not reached: none of {len(packages)} packages was audited.", NOT_REACHED
    if skipped:
        return f"{audited} packages have no known vulnerability; not audited: {', '.join(skipped)}.", NOT_REACHED
    return f"{audited} packages, no known vulnerability.", 0


def main() -> int:
    """Audit a lock file, or read a report that was made already."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("lock", type=Path, help="requirements.lock")
    parser.add_argument("--report", type=Path, help="pip-audit's JSON report instead of a new one")
    asked = parser.parse_args()
    if asked.report:
        text = asked.report.read_text(encoding="utf-8")
    else:
        options = ["--disable-pip", "--no-deps", "--progress-spinner", "off", "--format", "json", "--timeout", "30"]
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(asked.lock), *options]
        done = subprocess.run(command, capture_output=True, text=True)
        text = done.stdout
        if not text.startswith("{"):
            reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
            print(f"The vulnerability service was not reached: {reason}")
            return NOT_REACHED
    said, code = verdict(json.loads(text))
    print(said)
    return code


if __name__ == "__main__":
    sys.exit(main())
