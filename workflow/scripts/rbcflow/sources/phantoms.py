"""The phantom of each layout by name (rules ``simulate_phantom`` and ``simulate_practice``)."""

from rbcflow.sources.laboratories import Parts

PHANTOMS = Parts("phantom")
"""Modules by layout with ``write``, which writes a laboratory's folder, given the folder, ``seed`` and how much to
simulate (``Laboratory.phantom_sizes``)."""
