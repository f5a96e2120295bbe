"""Linear models in closed form: EASE as vectors, and the decoders and queries that serve them
best.
"""
