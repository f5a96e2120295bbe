"""Training of the torch models: optimisers, checkpoints, learning rate, process groups, the loop
over epochs.
"""
