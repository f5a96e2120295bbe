"""How the arrays of each law are made; what they mean is said in `tasks.core.data.graph` and
`tasks.core.models.walks`.
"""
