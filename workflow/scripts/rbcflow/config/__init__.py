"""Configuration: one typed model for every key and table, validated before the DAG is built."""

from rbcflow.config.load import Settings, load

__all__ = ["Settings", "load"]
