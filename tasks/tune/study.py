"""A study: its search space, and its trials in a journal that several tasks write at once.

    tunings/<family>/<id>/
        study.json     family, fit, space, seed, MLflow run; written once
        journal.log    Optuna's journal: one JSON line an event, no pickle
        best.json      the best settings, once it is concluded

The trials grow, so this is a working folder, not an artefact: it has no manifest.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import optuna
from optuna.distributions import BaseDistribution, distribution_to_json, json_to_distribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from tasks.core.cli.errors import BadRequest
from tasks.core.store.store import Store, local_path

SLOT = "slot"  # attribute of a trial
MIN_EPOCHS_BEFORE_PRUNING = 5  # of a trial
MIN_TRIALS_BEFORE_PRUNING = 5  # of a study


@dataclasses.dataclass(frozen=True)
class Study:
    """A study that was begun."""

    folder: Path
    content: dict

    @classmethod
    def open(cls, store: Store, uri: str) -> Study:
        """Open a study by its URI.

        Raises:
            BadRequest: the URI is outside the store, or the study was never begun.
        """
        folder = local_path(uri).resolve()
        if not folder.is_relative_to(store.root) or not (folder / "study.json").is_file():
            raise BadRequest(
                "there is no study here",
                got=uri,
                remedy="begin it first: python -m tasks.tune begin",
            )
        return cls(folder, json.loads((folder / "study.json").read_text()))

    @property
    def uri(self) -> str:
        return self.folder.as_uri()

    @property
    def space(self) -> dict[str, BaseDistribution]:
        return {name: json_to_distribution(text) for name, text in self.content["space"].items()}

    def load(self, slot: int = 0) -> optuna.Study:
        """The study of Optuna.

        Every slot draws its own numbers. Trials that are running count as bad, so that two slots do
        not try the same settings.
        """
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        storage = JournalStorage(JournalFileBackend(str(self.folder / "journal.log")))
        sampler = optuna.samplers.TPESampler(
            seed=self.content["seed"] + slot, multivariate=True, constant_liar=True
        )
        pruner = optuna.pruners.MedianPruner(
            n_startup_trials=MIN_TRIALS_BEFORE_PRUNING, n_warmup_steps=MIN_EPOCHS_BEFORE_PRUNING
        )
        return optuna.create_study(
            storage=storage,
            study_name="tuning",
            direction="maximize",
            load_if_exists=True,
            sampler=sampler,
            pruner=pruner,
        )


def as_text(space: dict[str, BaseDistribution]) -> dict[str, str]:
    """Setting → its distribution as JSON."""
    return {name: distribution_to_json(distribution) for name, distribution in space.items()}
