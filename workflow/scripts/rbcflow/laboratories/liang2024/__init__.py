"""Laboratory liang2024: how its files are read and simulated."""
