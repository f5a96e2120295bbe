"""How the arrays of each law are made; what they mean is told in `tasks.core.graph` and
`tasks.core.walks`.
"""
