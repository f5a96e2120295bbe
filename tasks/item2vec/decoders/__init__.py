"""Decoders: output vectors made anew from input vectors, by ridge regression in closed form."""
