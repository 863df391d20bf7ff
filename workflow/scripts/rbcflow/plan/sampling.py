"""How often Snakemake's benchmarks look at a job's memory (rule file ``common``)."""

from __future__ import annotations

from snakemake import benchmark

GROWTH = 1.5
"""Each step from one look to the next is so much longer than the one before."""


def step(looks: int) -> float:
    """Return the seconds to the next look after so many: from half a second on to half a minute."""
    return min(benchmark.BENCHMARK_INTERVAL_SHORT * GROWTH ** (looks - 1), benchmark.BENCHMARK_INTERVAL)


def look_in_growing_steps() -> None:
    """Let benchmarks look at a job in growing steps instead of twice a second in its first fifteen.

    A look reads the memory maps of all that the job has started, 10 to 40 ms of processor time where PyTorch is loaded.
    A largest memory that lasts shorter than a third of the job's time may be missed.
    """
    benchmark.ScheduledPeriodicTimer._schedule = _schedule


def _schedule(timer: benchmark.ScheduledPeriodicTimer) -> None:
    timer._timer = benchmark.DaemonTimer(step(timer._times_called), timer._action)
    timer._timer.start()
