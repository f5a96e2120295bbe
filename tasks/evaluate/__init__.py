"""Judging a candidate: exact full ranking of held-out rows, beside the champion and baselines, on
the same users.
"""
