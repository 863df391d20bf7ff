"""Stage test sets: the frames and true boxes a model is evaluated on (rules of ``testsets.smk``)."""
