"""Word2vec by gensim, epoch by epoch, counting what was really trained."""

from __future__ import annotations

import time

import numpy as np
from gensim.models import Word2Vec

from tasks.core.cli.log import Progress
from tasks.core.models.item_vectors import ItemVectors
from tasks.item2vec.corpus import Corpus
from tasks.item2vec.settings import Settings

# a job of gensim's C code holds no more: above it, the rest of every job is dropped without a word
BATCH_WORDS = 10_000


class Trainer:
    """A word2vec model (Mikolov et al. 2013) whose words are item rows.

    Args:
        settings: how to learn.
        frequencies: int64 (items), users who liked each item in the training part, 0 for one that
            is left out; the vocabulary and the noise are made from it.
        seed: of first vectors and noise.

    Attributes:
        epochs: that the learning rate is to fall over; fewer where the budget says so.
    """

    def __init__(self, settings: Settings, frequencies: np.ndarray, seed: int) -> None:
        self.settings, self.epochs = settings, settings.epochs
        self.known = frequencies > 0
        self.model = Word2Vec(
            vector_size=settings.dimension,
            window=settings.window,
            sg=int(settings.algorithm == "skip-gram"),
            negative=settings.negatives,
            ns_exponent=settings.negative_exponent,
            alpha=settings.learning_rate,
            min_alpha=settings.learning_rate / 100,
            sample=0,
            min_count=1,
            seed=seed,
            workers=settings.threads,
            batch_words=BATCH_WORDS,
        )
        self.model.build_vocab_from_freq(
            {str(row): int(frequencies[row]) for row in np.flatnonzero(self.known)}
        )
        self.met = np.zeros(len(frequencies), np.int64)

    def go_on(self, past: ItemVectors) -> None:
        """Begin where an earlier training ended, for the items of the vocabulary that it knows; the
        others begin as always.
        """
        words = self.model.wv.key_to_index
        here = np.array([row in words for row in map(str, past.rows.tolist())])
        word_rows = [words[str(row)] for row in past.rows[here].tolist()]
        self.model.wv.vectors[word_rows], self.model.syn1neg[word_rows] = (
            past.inputs[here],
            past.outputs[here],
        )

    def epoch(
        self, number: int, corpus: Corpus, progress: Progress | None = None
    ) -> dict[str, float]:
        """One pass (0, 1, …), adding each shard to `progress` as its share of an epoch; the
        learning rate falls linearly over all epochs.

        Raises:
            RuntimeError: gensim trained fewer words than the corpus holds.
        """
        started, loss, trained, training = time.monotonic(), 0.0, 0, 0.0
        for part, shard in enumerate(corpus.epoch(number)):
            expected, begun = int(shard.counts[self.known].sum()), time.monotonic()
            begin, end = (self._rate(number + edge / corpus.shards) for edge in (part, part + 1))
            effective, _ = self.model.train(
                shard.sentences,
                total_examples=len(shard.sentences),
                epochs=1,
                start_alpha=begin,
                end_alpha=end,
                compute_loss=True,
            )
            if effective != expected:
                raise RuntimeError(
                    f"gensim trained {effective} words of a shard that holds {expected} words "
                    f"of the vocabulary"
                )
            loss, trained = loss + self.model.get_latest_training_loss(), trained + effective
            training += time.monotonic() - begun
            self.met += shard.counts
            if progress:
                progress.add(1 / corpus.shards)
        seconds = time.monotonic() - started
        return {
            "train_loss": loss / max(trained, 1),
            "words": trained,
            "words_per_s": trained / seconds,
            "epoch_seconds": seconds,
            "corpus_seconds": seconds - training,
        }

    def _rate(self, epoch: float) -> float:
        return self.settings.learning_rate * (1 - 0.99 * epoch / self.epochs)

    def vectors(self) -> ItemVectors:
        """The vectors now, copied, of the items that were met and predicted."""
        words = np.array(self.model.wv.index_to_key, np.int64)
        order = np.argsort(words)
        order = order[(self.met[words[order]] > 0) & self.model.syn1neg[order].any(axis=1)]
        return ItemVectors(
            words[order].astype(np.int32),
            self.model.wv.vectors[order].copy(),
            self.model.syn1neg[order].copy(),
        )
