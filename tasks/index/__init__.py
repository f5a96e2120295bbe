"""The index stage: build the FAISS index of a candidate, probe it, bundle a generation."""
