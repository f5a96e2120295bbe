"""The requests of the graph stage, as the trigger form and the command line know them."""

from __future__ import annotations

import dataclasses
from typing import Literal

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.request import REQUIRED, setting
from tasks.core.spark.settings import Spark

ENGINE = "One machine, or Spark for data that outgrows it; both give the same."


@dataclasses.dataclass(frozen=True)
class BuildRequest:
    """A snapshot, and the law by which walks enter its graph and move in it."""

    store: str = setting(REQUIRED, "URI of the store.")
    dataset: str = setting("ml-100k", "Data set whose newest snapshot is taken when none is named.")
    snapshot: str | None = setting(
        None, "URI of the snapshot; none takes the newest of the data set."
    )
    day: str | None = setting(None, "Day of the snapshot, YYYY-MM-DD; none takes the newest.")
    law: Literal["cooccurrence", "degree-penalised", "window"] = setting(
        "cooccurrence",
        "How a walk moves: by the number of users who liked both items; the same with "
        "popular items held back; or by how often two items are near each other in a "
        "user's list.",
        title="Law",
        section="Walks",
    )
    entrance: Literal["strength", "uniform"] = setting(
        "strength",
        "Where walks begin: at items by their co-occurrence weight, or at every item alike.",
        title="Entrance",
        section="Walks",
        details="The weight is the law's stationary distribution.",
    )
    degree_penalty: float = setting(
        0.5,
        "Law degree-penalised: items are reached by their number of users to minus this power.",
        title="Degree penalty",
        section="Walks",
        minimum=0,
        maximum=4,
    )
    window_places: int = setting(
        5,
        "Law window: places apart at most.",
        title="Places apart",
        section="Walks",
        minimum=1,
        maximum=1000,
    )
    half_life_places: float | None = setting(
        None,
        "Law window: places after the first after which a pair weighs half.",
        title="Half-life in places",
        section="Walks",
        empty="all weigh alike",
        minimum=0.01,
        maximum=10_000,
    )
    half_life_days: float | None = setting(
        None,
        "Law window: days before the newest interaction after which a pair weighs half.",
        title="Half-life in days",
        section="Walks",
        empty="nothing is forgotten",
        minimum=0.01,
        maximum=100_000,
    )
    update: bool = setting(
        True,
        "Law window: add what is new to the newest graph of the same settings instead of "
        "building anew; both give the same.",
    )
    engine: Literal["local", "spark"] = setting(
        "local",
        f"{ENGINE} Spark builds the law window only; the others need memory linear in the "
        "interactions.",
    )
    spark: Spark = setting(Spark(), "Where Spark runs.")

    def __post_init__(self) -> None:
        if self.engine == "spark" and self.law != "window":
            raise BadRequest(
                f"engine: Spark does not build the law {self.law}",
                got=self.engine,
                allowed="local",
                remedy="leave `engine` out: this law needs no item graph, one machine holds it",
            )

    def of_law(self) -> dict:
        """The settings that decide what the graph of this law holds."""
        own = {
            "degree-penalised": ("degree_penalty",),
            "window": ("window_places", "half_life_places", "half_life_days"),
        }.get(self.law, ())
        return {name: getattr(self, name) for name in ("law", "entrance", *own)}


@dataclasses.dataclass(frozen=True)
class WalkRequest:
    """A corpus of walks, written to files."""

    store: str = setting(REQUIRED, "URI of the store.")
    graph: str = setting(REQUIRED, "URI of the graph.")
    walks: int = setting(100_000, "How many walks.", minimum=1, maximum=10**12)
    length: int = setting(
        4, "Items in a walk; a walk of 1 is the item at which it enters.", minimum=1, maximum=10_000
    )
    seed: int = setting(
        0, "Names the walks; neither engine nor threads change them.", minimum=0, maximum=2**31 - 1
    )
    threads: int = setting(1, "Threads of the engine local.", minimum=1, maximum=64)
    engine: Literal["local", "spark"] = setting("local", ENGINE)
    spark: Spark = setting(Spark(), "Where Spark runs.")


@dataclasses.dataclass(frozen=True)
class Word2VecRequest:
    """Input vectors of a corpus of walks by Spark ML, for corpora that outgrow one machine."""

    store: str = setting(REQUIRED, "URI of the store.")
    walks: str = setting(REQUIRED, "URI of the walks.")
    dimension: int = setting(32, "Dimensions of a vector.", minimum=2, maximum=1024)
    window: int = setting(
        4, "Neighbours within this many places are predicted.", minimum=1, maximum=200
    )
    epochs: int = setting(5, "Passes over the corpus.", minimum=1, maximum=2000)
    learning_rate: float = setting(
        0.025, "At the beginning; falls linearly.", minimum=1e-5, maximum=1
    )
    minimum_count: int = setting(
        1, "Items met less often in the walks get no vector.", minimum=1, maximum=1_000_000
    )
    partitions: int = setting(
        1,
        "Parts trained side by side and averaged after every pass: more are faster and a "
        "little worse.",
        minimum=1,
        maximum=10_000,
    )
    seed: int = setting(0, "Of first vectors.", minimum=0, maximum=2**31 - 1)
    spark: Spark = setting(Spark(), "Where Spark runs.")
