"""The publish stage: load a generation into Redis, verify it, go live, sweep, roll back."""
