"""Stage test sets: the frames and true boxes a model is judged on (rules of ``validation.smk``)."""
