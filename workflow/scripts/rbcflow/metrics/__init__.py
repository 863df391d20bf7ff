"""Stage metrics (rules of ``validation.smk``): everything that is counted from predictions and truth."""

from rbcflow.metrics.run import evaluate

__all__ = ["evaluate"]
