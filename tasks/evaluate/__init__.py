"""The evaluate stage: exact full ranking of held-out rows by a candidate and its rivals."""
