"""A study: what is searched, and its trials in a journal that several tasks write at once.

    tunings/<family>/<id>/
        study.json     family, fit, space, seed, MLflow run; written once
        journal.log    Optuna's journal: one JSON line an event, no pickle
        best.json      what won, when concluded

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

SLOT = "slot"
WARM_UP, STARTUP = 5, 5  # epochs before a trial may be pruned; trials before any may


@dataclasses.dataclass(frozen=True)
class Study:
    """A study that was begun."""

    folder: Path
    content: dict

    @classmethod
    def open(cls, store: Store, uri: str) -> Study:
        """Read a study back.

        Raises:
            BadRequest: outside the store, or never begun.
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
        """Optuna's view of it. Every slot draws its own numbers; trials that run now count as bad,
        so that two do not try the same.
        """
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        storage = JournalStorage(JournalFileBackend(str(self.folder / "journal.log")))
        sampler = optuna.samplers.TPESampler(
            seed=self.content["seed"] + slot, multivariate=True, constant_liar=True
        )
        pruner = optuna.pruners.MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=WARM_UP)
        return optuna.create_study(
            storage=storage,
            study_name="tuning",
            direction="maximize",
            load_if_exists=True,
            sampler=sampler,
            pruner=pruner,
        )


def as_text(space: dict[str, BaseDistribution]) -> dict[str, str]:
    """A space as JSON."""
    return {name: distribution_to_json(one) for name, one in space.items()}
