"""Stage predictions: boxes of one model on one test set, computed once (rules of ``predictions.smk``)."""
