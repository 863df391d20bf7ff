"""Laboratory nouaman2024: how its files are read and simulated."""
