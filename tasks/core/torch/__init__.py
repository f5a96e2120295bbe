"""What the families of torch models train with: an optimiser, a checkpoint, a schedule, validation,
the loop over epochs.
"""
