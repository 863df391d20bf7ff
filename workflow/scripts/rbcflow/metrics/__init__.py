"""Stage metrics (rules ``evaluate_<model>``): everything that is counted from predictions and truth."""
