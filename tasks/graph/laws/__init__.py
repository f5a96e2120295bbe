"""Builders of the arrays of each law.

The arrays are described in `tasks.core.data.graph` and `tasks.core.models.walks`.
"""
