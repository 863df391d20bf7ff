"""Snakemake without its start: a process that has imported it once and forks for every run that a test asks for.

To import its 1,400 modules takes Snakemake a second and a half of processor time. A fork runs the same ``main`` to the
end of the process, in the folder, with the arguments and in the environment that it is given. An interpreter reads some
variables only when it starts: runs that set one of those start a Snakemake of their own, and so do tests that kill it.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

IMPORTED = ("snakemake.cli", "snakemake.report.html_reporter", "snakemake.storage", "smart_open", "pydantic")
READ_AT_START = ("PYTHON", "LD_", "MALLOC_", "GLIBC_")
"""Beginnings of the names of variables that a process reads when it starts."""


def can_run(environment: dict[str, str]) -> bool:
    """Tell whether a fork takes notice of all variables that a run sets over those of the tests."""
    return not any(name.startswith(READ_AT_START) for name in environment)


def run(folder: Path, arguments: list[str], environment: dict[str, str], output: Path, seconds: float) -> int:
    """Run Snakemake to its end and return its exit code.

    Args:
        folder: the working directory.
        arguments: of Snakemake.
        environment: all variables.
        output: gets what is printed.
        seconds: after which it is killed, and an error raised.
    """
    server, request = _server(), {"folder": str(folder), "arguments": arguments, "environment": environment}
    server.stdin.write(json.dumps(request | {"output": str(output)}).encode() + b"\n")
    started = json.loads(server.stdout.readline())
    if not select.select([server.stdout], [], [], seconds)[0]:
        os.kill(started, signal.SIGKILL)
        server.stdout.readline()
        raise TimeoutError(f"Snakemake took more than {seconds} s: {output.read_text(errors='replace')[-6000:]}")
    return json.loads(server.stdout.readline())


@functools.cache
def _server() -> subprocess.Popen:
    """Start the server of this process of tests."""
    # -P: the folder of this file holds modules that bear the names of others
    command = [sys.executable, "-P", __file__]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    atexit.register(server.stdin.close)
    return server


def serve() -> dict:
    """Fork for every request, and return the request in the fork; end where no more can come."""
    import gc
    import importlib

    for name in IMPORTED:
        importlib.import_module(name)
    gc.freeze()
    for line in sys.stdin:
        process = os.fork()
        if not process:
            return json.loads(line)
        print(process, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
    sys.exit()


def become(request: dict) -> None:
    """Make this process what ``python -m snakemake`` would be."""
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for own, of in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(own, of)
    sys.path.insert(0, request["folder"])
    snakemake = Path(sys.modules["snakemake"].__file__).with_name("__main__.py")
    sys.argv = [str(snakemake), *request["arguments"]]


if __name__ == "__main__":
    become(serve())
    from snakemake.cli import main

    main()
