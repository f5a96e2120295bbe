"""The reader that online services import; it needs numpy, faiss and redis alone.

>>> from tasks.retrieve import Reader                                          # doctest: +SKIP
>>> reader = Reader("redis://:secret@localhost:6379/0", "file:///srv/recall")  # doctest: +SKIP
>>> reader.recommend(user="42", k=10).hits                                     # doctest: +SKIP
"""

from tasks.core.cli.errors import BadRequest, Corrupt, RecallError, Unreachable
from tasks.retrieve.answers import Answer, Hit, Item
from tasks.retrieve.reader import Reader

__all__ = ["Answer", "BadRequest", "Corrupt", "Hit", "Item", "Reader", "RecallError", "Unreachable"]
