"""Stage datasets: cut-and-paste images with labels, made from banks of single cells (rules of ``datasets.smk``)."""

from rbcflow.datasets.spec import VariantSpec

__all__ = ["VariantSpec"]
