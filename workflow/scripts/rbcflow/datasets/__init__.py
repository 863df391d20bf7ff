"""Stage datasets: cut-and-paste images with labels, made from banks of single cells (rules of ``datasets.smk``)."""
