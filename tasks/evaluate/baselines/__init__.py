"""What half a second of linear algebra does on the same users: popularity, ItemKNN, EASE, and EASE
cut to 64 dimensions.
"""
