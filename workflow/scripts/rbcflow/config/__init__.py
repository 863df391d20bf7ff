"""Configuration: one typed model for every key and table, validated before the DAG is built."""

from rbcflow.config.load import load
from rbcflow.config.settings import Settings

__all__ = ["Settings", "load"]
