"""Training of the detectors: rule ``train_model``."""
