"""Judging a candidate: exact full ranking of held-out rows, beside the champion and popularity, on the same users."""
