"""From a candidate to a generation: build the FAISS index, probe it against exact search, bundle
what goes live.
"""
