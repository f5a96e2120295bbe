"""What is written for people beyond the README, and what writes the part of it that follows from
the sources.
"""
