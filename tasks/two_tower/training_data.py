"""The training data of the towers, read from one snapshot."""

from __future__ import annotations

import dataclasses

import numpy as np

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.core.cli.log import log
from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Snapshot
from tasks.two_tower.entity_features import ID, NOT_FEATURES, EntityFeatures, encode_columns
from tasks.two_tower.examples import Liked, Rated
from tasks.two_tower.settings import Settings

SHORT_LIST_ROWS = 12  # rows of the user in the middle, as where the split is by users


@dataclasses.dataclass(frozen=True)
class TrainingData:
    """Users, items and examples.

    Attributes:
        item_features, user_features: by rows of the snapshot's tables.
        counts: int64 (items), how often each is met in the examples; the id of an item that never
            is, is new.
        user_rows: int64 (users), each user's row in the table of ids, −1 for one who has nothing to
            learn from.
        examples: of an epoch.
        histories: what every user liked in the training part.
    """

    item_features: EntityFeatures
    user_features: EntityFeatures
    counts: np.ndarray
    user_rows: np.ndarray
    examples: Liked | Rated
    histories: Histories


def read_training_data(snapshot: Snapshot, settings: Settings) -> TrainingData:
    """Everything of a snapshot that a training needs.

    Raises:
        BadRequest: a feature is wanted that is not there; the loss is `ratings` and there are none.
        RefusedData: fewer than two items are met, or a column cannot be a feature.
    """
    histories = snapshot.histories("train")
    described = [
        encode_columns(table, what, wanted, settings.minimum_value_count, settings.number_buckets)
        for table, what, wanted in (
            (snapshot.items, "item", settings.item_features),
            (snapshot.users, "user", user_features(snapshot, settings, histories)),
        )
    ]
    last = settings.window if settings.history_decays else 0
    examples = (
        Liked(histories, last)
        if settings.loss == "in-batch"
        else rated_examples(snapshot, histories, last)
    )
    met = examples.items if isinstance(examples, Rated) else histories.items
    counts = np.bincount(met, minlength=len(snapshot.item_ids))
    if (counts > 0).sum() < 2:
        raise RefusedData(
            f"{int((counts > 0).sum())} items are met in the training part of {snapshot.uri}",
            allowed="at least two",
            remedy="ingest more data: of one item there is nothing to tell apart",
        )
    active = (
        np.bincount(
            examples.users if isinstance(examples, Rated) else histories.users(),
            minlength=len(histories),
        )
        > 0
    )
    user_rows = np.where(active & described[1].with_id, np.cumsum(active) - 1, -1)
    return TrainingData(described[0], described[1], counts, user_rows, examples, histories)


def user_features(
    snapshot: Snapshot, settings: Settings, histories: Histories
) -> tuple[str, ...] | None:
    """The columns of users that are read; None: all. Where nobody has set them and lists are short,
    as those of sessions, all but the id: it would learn a handful of rows by heart, and whoever
    comes next has none."""
    lengths = histories.lengths[histories.lengths > 0]
    if (
        settings.user_features is not None
        or not len(lengths)
        or np.median(lengths) >= SHORT_LIST_ROWS
    ):
        return settings.user_features
    log(
        "two_tower.decided",
        user_features="all but the id",
        because=f"the user in the middle has {int(np.median(lengths))} rows to learn from, "
        f"fewer than {SHORT_LIST_ROWS}",
    )
    return tuple(
        name for name in snapshot.users.column_names if name not in NOT_FEATURES and name != ID
    )


def rated_examples(snapshot: Snapshot, histories: Histories, last: int) -> Rated:
    """The rated rows of the training part, ratings scaled to between 0 and 1 over all of them."""
    table = snapshot.table("interactions", ["user", "item", "rating", "position", "liked", "part"])
    columns = {
        name: table[name].to_numpy() for name in ("user", "item", "rating", "position", "liked")
    }
    keep = (table["part"].to_numpy() == "train") & np.isfinite(columns["rating"].astype(np.float64))
    ratings = columns["rating"][keep].astype(np.float32)
    if snapshot.events or not len(ratings) or ratings.min() == ratings.max():
        raise BadRequest(
            "settings.loss 'ratings' needs ratings that differ",
            allowed="a source with ratings",
            got=f"{len(ratings)} rated rows, {len(set(ratings.tolist()))} different",
            remedy="use the loss 'in-batch'",
        )
    order = np.lexsort((columns["position"][keep], columns["user"][keep]))
    user, item, liked, ratings = (
        part[order]
        for part in (columns["user"][keep], columns["item"][keep], columns["liked"][keep], ratings)
    )
    likes = np.cumsum(liked) - liked
    first = np.concatenate([[True], user[1:] != user[:-1]])
    before = likes - np.repeat(likes[first], np.diff(np.append(np.flatnonzero(first), len(user))))
    scaled = (ratings - ratings.min()) / (ratings.max() - ratings.min())
    return Rated(
        histories,
        user.astype(np.int64),
        before.astype(np.int64),
        item.astype(np.int64),
        scaled,
        last,
    )
