"""From a graph and sequences to the vectors of the epoch that was best on validation."""

from __future__ import annotations

import dataclasses
import math
import time

import numpy as np

from tasks.core.cli.errors import RefusedData
from tasks.core.cli.log import log, say
from tasks.core.data.graph import Graph
from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Snapshot
from tasks.core.models.decoders.model_selection import own_output_models, query_candidates
from tasks.core.models.item_vectors import ItemVectors
from tasks.core.models.training_budget import epochs_within
from tasks.core.models.validation import Validation
from tasks.core.models.vocabulary import vocabulary
from tasks.core.registry.run_recorder import RunRecorder
from tasks.core.registry.training_progress import TrainingProgress
from tasks.core.store.manifest import Artefact
from tasks.item2vec import external_vectors, netmf
from tasks.item2vec.corpus import Corpus
from tasks.item2vec.settings import FitRequest, Settings
from tasks.item2vec.word2vec_trainer import Trainer

FAMILY = "item2vec"
SCORES_A_WORD = (
    300  # that are computed and counted while one word is trained, whatever the dimension
)
VALIDATION_SHARE = 0.1  # of the time of training


@dataclasses.dataclass(frozen=True)
class Learned:
    """The vectors of the best epoch (1, 2, …) and the recall of their plain input-output search."""

    epoch: int
    vectors: ItemVectors
    recall: float


def learn(
    request: FitRequest,
    graph: Graph,
    snapshot: Snapshot,
    validation: Validation,
    recorder: RunRecorder,
    previous: ItemVectors | None = None,
    external: Artefact | None = None,
) -> Learned:
    """Train as the settings say, from the `previous` model where there is one and the trainer
    can; every epoch is recorded. `external` vectors are taken as they are.

    Raises:
        BadRequest: the catalogue is too large for the trainer that is asked for.
        RefusedData: nothing to learn from.
    """
    train = snapshot.histories("train")
    frequencies = train.users_of(len(snapshot.item_ids))
    known = vocabulary(frequencies, request.settings.minimum_count)
    counts = {"items": int(known.sum()), "left_out": int((~known).sum())}
    if external is not None:
        log("item2vec.begin", trainer=external.facts["trainer"], **counts)
        selection = EpochSelection(request.settings, validation, recorder)
        selection.look(1, external_vectors.with_output_vectors(external, train, known), {})
        return selection.best
    trainer = choose_trainer(request.settings, counts["items"])
    log("item2vec.begin", trainer=trainer, **counts)
    if trainer == "netmf":
        try:
            return _factorise(request, train, known, validation, recorder)
        except RefusedData as why:
            if request.settings.trainer != "auto":
                raise
            log("item2vec.trainer", trainer="gensim", because=why)
    previous = previous if request.settings.warm_start else None
    return _train(request, graph, train, frequencies * known, validation, recorder, previous)


def choose_trainer(settings: Settings, items: int) -> str:
    """`netmf` or `gensim`, for so many items.

    Raises:
        BadRequest: more items than the dense matrix of `netmf` may have.
    """
    if settings.trainer == "auto":
        return "netmf" if items <= netmf.MAX_ITEMS else "gensim"
    if settings.trainer == "netmf":
        netmf.check(items)
    return settings.trainer


def _factorise(
    request: FitRequest,
    train: Histories,
    known: np.ndarray,
    validation: Validation,
    recorder: RunRecorder,
) -> Learned:
    settings, started = request.settings, time.monotonic()
    say(f"factorising what meets within a window, of {int(known.sum()):,} items")
    vectors = netmf.factorise(
        train, known, settings.dimension, settings.negative_exponent, request.seed, settings.corpus
    )
    selection = EpochSelection(settings, validation, recorder)
    selection.look(1, vectors, {"epoch_seconds": time.monotonic() - started})
    return selection.best


def _train(
    request: FitRequest,
    graph: Graph,
    train: Histories,
    frequencies: np.ndarray,
    validation: Validation,
    recorder: RunRecorder,
    previous: ItemVectors | None,
) -> Learned:
    settings = request.settings if previous is None else warm_start_settings(request.settings)
    corpus = Corpus(
        graph.tables,
        train,
        settings.corpus,
        settings.walk_length,
        settings.walk_words,
        request.seed,
        settings.threads,
    )
    trainer = Trainer(settings, frequencies, request.seed)
    if previous is not None:
        trainer.go_on(previous)
    log(
        "item2vec.corpus",
        begins="anew" if previous is None else "from the champion",
        walks_an_epoch=corpus.walks,
        shards=corpus.shards,
    )
    return _train_epochs(
        settings, trainer, corpus, EpochSelection(settings, validation, recorder), recorder
    )


def _train_epochs(
    settings: Settings,
    trainer: Trainer,
    corpus: Corpus,
    selection: EpochSelection,
    recorder: RunRecorder,
) -> Learned:
    """Train until the last epoch, or until validation has not improved for `patience` of them."""
    validation = selection.validation
    every = epochs_between_validations(selection.users, validation.items, corpus.words)
    progress = TrainingProgress("epoch", trainer.epochs, 1, "epochs", recorder, settings.patience)
    done: list[dict[str, float]] = []
    while len(done) < trainer.epochs:
        epoch, begun = len(done) + 1, validation.seconds
        progress.begin(epoch)
        figures = trainer.epoch(epoch - 1, corpus, progress)
        trainer.epochs = epochs_within(
            settings.budget_minutes, trainer.epochs, [*done, figures], FAMILY
        )
        if epoch % every and 1 < epoch < trainer.epochs:
            recorder.epoch(epoch, figures)
        else:
            progress.validate()
            selection.look(epoch, trainer.vectors(), figures)
        progress.end(trainer.epochs)
        done.append(figures | {"validation_seconds": validation.seconds - begun})
        if epoch - selection.best.epoch >= settings.patience:
            break
    return selection.best


def epochs_between_validations(users: int, items: int, words: int) -> int:
    """After how many epochs validation is due, so that it takes about a tenth of the time that
    training takes. It depends on counts, not on a clock, so that a training repeated is the
    same training.

    Args:
        users, items: whose scores one look computes.
        words: of an epoch.
    """
    return max(1, math.ceil(users * items / (SCORES_A_WORD * VALIDATION_SHARE * max(words, 1))))


def warm_start_settings(settings: Settings) -> Settings:
    """The settings of a training that goes on: few epochs at a low rate, or it would forget where
    it came from.
    """
    return dataclasses.replace(
        settings,
        epochs=max(1, round(settings.epochs * settings.warm_share)),
        learning_rate=settings.learning_rate * settings.warm_share,
    )


class EpochSelection:
    """Keeps the best epoch by the plain search of its vectors, and records every one.

    An epoch is judged by the query that does best for a few of the users: what suits the first
    epochs, which have learned nothing yet, does not suit the last. The decoder and the query that
    are served are chosen afterwards (`tasks.core.models.decoders.model_selection`).
    """

    def __init__(self, settings: Settings, validation: Validation, recorder: RunRecorder) -> None:
        self.settings, self.validation, self.recorder = settings, validation, recorder
        self._best: Learned | None = None
        self._few, self._query_choices = validation.few(), query_candidates(settings)

    @property
    def best(self) -> Learned:
        """The best epoch so far; there is one once `look` was called."""
        assert self._best is not None
        return self._best

    @property
    def users(self) -> int:
        """Users whose scores one look computes."""
        return len(self.validation) + (
            len(self._query_choices) * len(self._few) if len(self._query_choices) > 1 else 0
        )

    def look(self, epoch: int, vectors: ItemVectors, figures: dict[str, float]) -> None:
        """Validate one epoch.

        Raises:
            RefusedData: nothing has been trained.
        """
        if len(vectors.rows) == 0:
            raise RefusedData(
                "no item has a trained vector: no two of the vocabulary stand in one walk or "
                "sequence",
                got=f"minimum_count {self.settings.minimum_count}",
                remedy="lower minimum_count, or ingest more data",
            )
        models = list(own_output_models(vectors, self._query_choices))
        model = max(models, key=self._few.recall) if len(models) > 1 else models[0]
        recall, choice = self.validation.recall(model), model.choice
        self.recorder.epoch(epoch, {**figures, "validation_recall_50": recall, **choice.figures()})
        if self._best is None or recall > self._best.recall:
            self._best = Learned(epoch, vectors, recall)
