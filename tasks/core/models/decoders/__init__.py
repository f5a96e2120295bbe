"""From any family's item vectors to what is served: decoders, queries and the choice among them,
cold items, day over day.
"""
