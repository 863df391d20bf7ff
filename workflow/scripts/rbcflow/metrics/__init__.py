"""Stage metrics (rule ``evaluate_run``): everything that is counted from predictions and truth."""
