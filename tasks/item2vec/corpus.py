"""The corpus of an epoch: walks, users' own sequences, or both, shuffled, a shard at a time.

Shards are lists, not files: gensim 4.4 loses the end of every batch of 10,000 words when it reads a
`corpus_file` (measured on 60,000 words or less: 0.03 % with sentences of 4 words, 1.7 % with
sentences of 200).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from tasks.core.data.graph import Tables
from tasks.core.data.histories import Histories
from tasks.core.models.walks import walk

SHARD_WORDS = 1_000_000
MAX_SENTENCE_WORDS = 10_000  # gensim drops the rest of a longer sentence


@dataclasses.dataclass(frozen=True)
class Shard:
    """Part of an epoch.

    Attributes:
        sentences: lists of words; a word is the row of an item, as text.
        counts: int64 (items), how often each item stands in it.
    """

    sentences: list[list[str]]
    counts: np.ndarray


class Corpus:
    """Shards by epoch. The sequences come back every epoch in another order; walks are new every
    time.

    Args:
        tables: the graph walked upon.
        sequences: users' items in order of time; its rows also measure how many words of walks an
            epoch has.
        what: `walks`, `sequences` or `mixed`, both.
        walk_length: items in a walk.
        walk_words: words of walks for each row of the sequences.
    """

    def __init__(
        self,
        tables: Tables,
        sequences: Histories,
        what: str,
        walk_length: int,
        walk_words: float,
        seed: int,
        threads: int = 1,
    ) -> None:
        self.tables, self.walk_length, self.seed, self.threads = tables, walk_length, seed, threads
        self.sequences = sequences if what != "walks" else Histories.of_lists([])
        self.walks = (
            0
            if what == "sequences"
            else max(1, round(walk_words * len(sequences.items) / walk_length))
        )
        words = self.walks * walk_length + len(self.sequences.items)
        self.words, self.shards = words, -(-words // SHARD_WORDS)
        self.names = np.array([str(item) for item in range(tables.items)], object)

    def epoch(self, number: int) -> Iterator[Shard]:
        """The shards of epoch 0, 1, …"""
        random = np.random.default_rng([self.seed, number])
        users = random.permutation(len(self.sequences))
        for shard in range(self.shards):
            first, last = (self.walks * edge // self.shards for edge in (shard, shard + 1))
            mine = users[
                len(users) * shard // self.shards : len(users) * (shard + 1) // self.shards
            ]
            items, lengths = self._sentences(number, first, last, mine)
            if len(lengths):
                words, ends = self.names[items].tolist(), np.cumsum(lengths)  # all in one go
                order = random.permutation(len(ends))
                sentences = [
                    words[begin:end]
                    for begin, end in zip(
                        (ends - lengths)[order].tolist(), ends[order].tolist(), strict=True
                    )
                ]
                yield Shard(sentences, np.bincount(items, minlength=self.tables.items))

    def _sentences(
        self, number: int, first: int, last: int, users: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Walks, then sequences: int32 (words), the items of all sentences one after the other;
        int64 (sentences), their lengths.
        """
        items, lengths = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
        if last > first:
            walks = walk(
                self.tables,
                number * self.walks + first,
                last - first,
                self.walk_length,
                self.seed,
                self.threads,
            )
            items.append(walks.ravel())
            lengths.append(np.full(len(walks), self.walk_length))
        own = self.sequences.select_users(
            users[self.sequences.lengths[users] > 1]
        )  # an item alone has nothing to predict: it would only be noise
        items.append(own.items)
        lengths.append(_cut(own.lengths))
        return np.concatenate(items), np.concatenate(lengths)


def _cut(lengths: np.ndarray) -> np.ndarray:
    """The lengths of sentences of at most MAX_SENTENCE_WORDS words."""
    parts = -(-lengths // MAX_SENTENCE_WORDS)
    cut = np.full(parts.sum(), MAX_SENTENCE_WORDS)
    cut[np.cumsum(parts) - 1] = lengths - (parts - 1) * MAX_SENTENCE_WORDS
    return cut
