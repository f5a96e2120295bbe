"""Finding a family's settings: a study of trials, each a training judged on validation rows
only.
"""
