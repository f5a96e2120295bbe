"""DeepWalk and item2vec: walks over the graph and users' own sequences, learned by skip-gram with
negative sampling or in closed form.
"""
