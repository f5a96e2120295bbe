"""From a generation's folder to what readers see: load it into Redis, verify it, go live, sweep,
roll back.
"""
