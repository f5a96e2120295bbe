"""The work: one folder a stage, each run as `python -m tasks.<stage> <verb> <request>` in an
environment of its own.
"""
