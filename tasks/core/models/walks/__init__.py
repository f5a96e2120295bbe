"""Random walks over a graph: exact by its law, in parallel, and the same for a seed whatever
computes them.

DeepWalk (Perozzi et al. 2014) on the graph of `tasks.core.data.graph`. One file a law says how a
walk steps, and by which probability.
"""

from tasks.core.models.walks.walker import walk

__all__ = ["walk"]
