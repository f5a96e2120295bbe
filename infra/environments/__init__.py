"""The environments of the product, and those of its tests and of the servers they need: one `.in`
and one hashed lock each.
"""
