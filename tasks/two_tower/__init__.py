"""Two towers: one maps what is known of a user, the other what is known of an item, to vectors
whose product says what is liked.
"""
