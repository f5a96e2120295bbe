"""Several families' champions as one model: their vectors side by side in one index, weighted on
validation users.
"""
