"""Every setting that is read from the environment: its meaning, what is allowed, its default, and
the check of all of them at start.

Standard library only: this runs before anything is installed, in every image and in `make run`.
"""
