"""Deliveries become the tables of a day: rows beside each other, numbered, divided, and accounted
for.
"""
