"""What an epoch reads, and that gensim trains all of it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tasks.core.cli.errors import RefusedData
from tasks.core.data.histories import Histories
from tasks.core.models.vocabulary import vocabulary
from tasks.item2vec import corpus as module
from tasks.item2vec.corpus import Corpus
from tasks.item2vec.settings import Settings
from tasks.item2vec.word2vec_trainer import Trainer
from tests.graphs import FIVE

LIKES = Histories.of_lists([[0, 1, 2], [1, 2], [2, 3, 4, 0]])


def words(corpus: Corpus, epoch: int) -> list[str]:
    return [" ".join(sentence) for shard in corpus.epoch(epoch) for sentence in shard.sentences]


def test_sequences_come_back_every_epoch_in_another_order_and_walks_are_new():
    corpus = Corpus(FIVE, LIKES, "mixed", walk_length=4, walk_words=40, seed=0)
    first, second = words(corpus, 0), words(corpus, 1)
    own = {"0 1 2", "1 2", "2 3 4 0"}
    assert len(first) == 90 + 3 and own <= set(first) and own <= set(second)
    assert sorted(first) != sorted(second) and first == words(corpus, 0)
    assert len(words(Corpus(FIVE, LIKES, "walks", 4, 40, 0), 0)) == 90
    assert sorted(words(Corpus(FIVE, LIKES, "sequences", 4, 40, 0), 0)) == sorted(own)


def test_sequences_hold_repeats_in_their_place():
    assert words(
        Corpus(FIVE, Histories.of_lists([[3, 3, 1, 3], [2], [2, 2]]), "sequences", 4, 40, 0), 0
    ) in (["3 3 1 3", "2 2"], ["2 2", "3 3 1 3"])


def test_shards_hold_the_epoch_in_bounded_parts(monkeypatch):
    whole = sorted(words(Corpus(FIVE, LIKES, "mixed", 4, 40, 0), 3))
    monkeypatch.setattr(module, "SHARD_WORDS", 100)
    shards = list(Corpus(FIVE, LIKES, "mixed", 4, 40, 0).epoch(3))
    assert len(shards) == 4 and max(shard.counts.sum() for shard in shards) <= 110
    assert sorted(" ".join(s) for shard in shards for s in shard.sentences) == whole


@pytest.mark.parametrize(
    "likes",
    [
        [[i % 50 for i in range(25_000)]],
        [[i % 50 for i in range(start, start + 300)] for start in range(90)],
    ],
)
def test_every_word_is_trained_even_of_long_sequences(likes):
    histories = Histories.of_lists(likes)
    corpus = Corpus(
        dataclasses.replace(FIVE, item_offsets=np.zeros(51, np.int64)),
        histories,
        "sequences",
        4,
        1,
        seed=0,
    )
    trainer = Trainer(Settings(dimension=4, epochs=1), np.bincount(histories.items), seed=0)
    assert trainer.epoch(0, corpus)["words"] == len(histories.items)


def test_words_that_gensim_drops_stop_the_training(monkeypatch):
    monkeypatch.setattr(
        "tasks.item2vec.word2vec_trainer.BATCH_WORDS", 100_000
    )  # the setting that makes it drop the rest of every job
    monkeypatch.setattr(module, "MAX_SENTENCE_WORDS", 30_000)
    histories = Histories.of_lists([[i % 50 for i in range(25_000)]])
    corpus = Corpus(
        dataclasses.replace(FIVE, item_offsets=np.zeros(51, np.int64)),
        histories,
        "sequences",
        4,
        1,
        seed=0,
    )
    with pytest.raises(RuntimeError, match="trained 10000 words of a shard that holds 25000"):
        Trainer(Settings(dimension=4, epochs=1), np.bincount(histories.items), seed=0).epoch(
            0, corpus
        )


def test_minimum_count_that_empties_the_vocabulary_is_refused():
    with pytest.raises(
        RefusedData,
        match=r"0 items are liked by 4 users.*at most 3 users an item.*lower minimum_count",
    ):
        vocabulary(np.bincount(LIKES.items), 4)


def test_items_below_minimum_count_get_no_vector():
    frequencies = np.bincount(LIKES.items, minlength=6)
    trainer = Trainer(
        Settings(dimension=4, epochs=1), frequencies * vocabulary(frequencies, 2), seed=0
    )
    trainer.epoch(0, Corpus(FIVE, LIKES, "mixed", 4, 10, 0))
    assert trainer.vectors().rows.tolist() == [0, 1, 2]


def test_an_item_that_only_stands_alone_gets_no_vector():
    alone = Histories.of_lists([*[LIKES[user].tolist() for user in range(3)], [5]])
    trainer = Trainer(Settings(dimension=4, epochs=1), np.bincount(alone.items), seed=0)
    trainer.epoch(0, Corpus(FIVE, alone, "mixed", 4, 10, 0))
    assert trainer.vectors().rows.tolist() == [0, 1, 2, 3, 4]


def test_an_item_that_was_never_met_gets_no_vector():
    trainer = Trainer(
        Settings(dimension=4, epochs=1), np.array([2, 2, 3, 1, 1, 1]), seed=0
    )  # item 5: liked once, alone, isolated
    trainer.epoch(0, Corpus(FIVE, LIKES, "walks", 4, 40, 0))
    assert trainer.vectors().rows.tolist() == [0, 1, 2, 3, 4]
