"""The scale of short trainings that are compared with each other: ``make ablation`` and ``make laboratories``."""

IMAGES = {"train": 1500, "val": 60, "test": 60}
TRAINING = {"epochs": 2, "overrides": {"close_mosaic": 1, "warmup_epochs": 0.5}}
"""What differs from the shipped detector's training; all else is its recipe.

On two cores (AMD, bfloat16) a training with its predictions and its composition takes about two minutes of processor
time, so that the ablation's 75 need an hour and a half.
"""
