"""Several models' queries side by side: one inner product with their candidate vectors side by side
is the weighted sum of their scores.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np

from tasks.core.cli.errors import Corrupt
from tasks.core.data.histories import Histories
from tasks.core.data.user_attributes import UserAttributes
from tasks.core.retrieval.encoders.base import Encoder
from tasks.core.retrieval.encoders.kinds import SINGLE_MODEL_ENCODERS


@dataclasses.dataclass(frozen=True)
class Member:
    """One model's part of a fused query.

    Attributes:
        name: of its family.
        encoder: its own, as it was saved.
        rows: int32 (items), the row that its encoder reads for each item of the whole; −1 where it
            does not know the item.
        weight: of its query; its scores' spread is in it.
        reduction: float32 (d, width): to fewer dimensions; None keeps its own.
        spread: float32 (d, r): |q · spread| is the spread of a user's scores, by which the user's
            query is divided; None divides by nothing.
    """

    name: str
    encoder: Encoder
    rows: np.ndarray
    weight: float
    reduction: np.ndarray | None = None
    spread: np.ndarray | None = None

    @property
    def width(self) -> int:
        """Dimensions of its part."""
        return self.encoder.dimension if self.reduction is None else self.reduction.shape[1]

    def queries(self, histories: Histories, users: UserAttributes | None) -> np.ndarray:
        """float32 (users, interests, width); zeros for whom it knows nothing of: then every item is
        an average one to it.
        """
        vectors = self.encoder.encode(histories.remap_items(self.rows), users).reshape(
            len(histories), -1, self.encoder.dimension
        )
        if self.spread is not None:
            spreads = np.sqrt(np.square(vectors @ self.spread).sum(axis=2).mean(axis=1))
            vectors = vectors / np.maximum(spreads, 1e-9)[:, None, None]
        vectors = vectors if self.reduction is None else vectors @ self.reduction
        return (vectors * np.float32(self.weight)).astype(np.float32)

    def knows(self, histories: Histories, users: UserAttributes | None) -> np.ndarray:
        """bool (users)."""
        return self.encoder.knows(histories.remap_items(self.rows), users)


class FusedEncoder:
    """q = [w₁ q₁ | w₂ q₂ | …]. Of members with several interests every combination is an interest:
    the best sum is the sum of the bests.

    Args:
        members: in the order of the candidates' blocks.
    """

    kind = "fused"

    def __init__(self, members: list[Member]) -> None:
        self.members = list(members)
        self.dimension = sum(member.width for member in self.members)
        self.columns = tuple(
            dict.fromkeys(name for member in self.members for name in member.encoder.columns)
        )

    @property
    def blocks(self) -> dict[str, slice]:
        """Member → its dimensions of a query and of a candidate."""
        ends = list(itertools.accumulate(member.width for member in self.members))
        return {
            member.name: slice(end - member.width, end)
            for member, end in zip(self.members, ends, strict=True)
        }

    def encode(self, histories: Histories, users: UserAttributes | None = None) -> np.ndarray:
        """float32 (users, interests · dimension); a row of zeros for whom no member knows anything
        of.
        """
        parts = [member.queries(histories, users) for member in self.members]
        chosen = itertools.product(*(range(part.shape[1]) for part in parts))
        return np.concatenate(
            [
                part[:, one]
                for interests in chosen
                for part, one in zip(parts, interests, strict=True)
            ],
            axis=1,
        )

    def knows(self, histories: Histories, users: UserAttributes | None = None) -> np.ndarray:
        """bool (users): whoever a member knows."""
        return np.any([member.knows(histories, users) for member in self.members], axis=0)

    def numbers(self) -> dict[str, Any]:
        return {
            "members": [
                {
                    "name": member.name,
                    "kind": member.encoder.kind,
                    "weight": member.weight,
                    "numbers": member.encoder.numbers(),
                    "arrays": sorted(member.encoder.arrays()),
                }
                for member in self.members
            ]
        }

    def arrays(self) -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = {}
        for member in self.members:
            own = {
                "member_rows": member.rows,
                "member_reduction": member.reduction,
                "member_spread": member.spread,
            }
            found |= {
                f"{member.name}.{name}": array
                for name, array in {**member.encoder.arrays(), **own}.items()
                if array is not None
            }
        return found

    @classmethod
    def read(cls, members: list[dict[str, Any]], **arrays: np.ndarray) -> FusedEncoder:
        """Rebuild the encoder from what `numbers` and `arrays` returned.

        Raises:
            Corrupt: a member's kind is not known.
        """
        made = []
        for one in members:
            if one["kind"] not in SINGLE_MODEL_ENCODERS:
                raise Corrupt(
                    f"the encoder's member {one['name']} is of a kind this version does not know",
                    got=one["kind"],
                    allowed=f"one of {', '.join(SINGLE_MODEL_ENCODERS)}",
                    remedy="upgrade this reader",
                )
            own = {name: arrays[f"{one['name']}.{name}"] for name in one["arrays"]}
            made.append(
                Member(
                    one["name"],
                    SINGLE_MODEL_ENCODERS[one["kind"]](**one["numbers"], **own),
                    arrays[f"{one['name']}.member_rows"],
                    one["weight"],
                    arrays.get(f"{one['name']}.member_reduction"),
                    arrays.get(f"{one['name']}.member_spread"),
                )
            )
        return cls(made)
