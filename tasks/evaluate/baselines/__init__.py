"""The baselines: popularity, ItemKNN, EASE, and EASE cut to 64 dimensions."""
