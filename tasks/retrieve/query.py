"""A checked request for recommendations."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from tasks.core.cli.errors import BadRequest
from tasks.core.data.user_attributes import UserAttributes, Value
from tasks.retrieve.answers import Source
from tasks.retrieve.loaded_generation import LoadedGeneration
from tasks.retrieve.validation import (
    Channels,
    check_attributes,
    check_channels,
    check_count,
    check_history,
    check_id,
)


@dataclasses.dataclass(frozen=True)
class Query:
    """A request for recommendations.

    Attributes:
        k: number of items.
        user: id of a user, if one is named.
        history: ids of liked items, oldest first, if a history is given.
        attributes: attributes of the user; None: none are known.
        channels: names of channels; None: the families that answer by default.
        quotas: channel → number of items it gives at least, if there are quotas.
    """

    k: int
    user: str | None
    history: list[str] | None
    attributes: UserAttributes | None
    channels: list[str] | None
    quotas: Mapping[str, int] | None

    @classmethod
    def of(
        cls,
        user: str | None,
        k: int,
        history: Sequence[str] | None,
        attributes: Mapping[str, Value] | None,
        channels: Channels | None,
    ) -> Query:
        """Check the arguments of a call.

        Raises:
            BadRequest: an argument is not of its kind, or no user is described.
        """
        k = check_count(k)
        ids = check_history(history)
        names = None if channels is None else check_channels(channels, k)
        user = None if user is None else check_id("a user's id", user)
        known = check_attributes(user, ids is not None, attributes)
        if user is None and ids is None and known is None:
            raise BadRequest(
                "recommend for a user, a history or attributes",
                got="none of them",
                allowed="one of them, or several",
            )
        return cls(k, user, ids, known, names, channels if isinstance(channels, Mapping) else None)

    def source(self, has_history: bool) -> Source:
        """The source of the families' queries; `has_history`: at least one liked item is known."""
        if self.history is None and self.attributes is None:
            return "user"
        return "history" if has_history else "attributes"

    def unknown(self, generations: Mapping[str, LoadedGeneration]) -> tuple[str, ...]:
        """The ids of the history that no family knows."""
        return tuple(
            id
            for id in self.history or ()
            if not any(id in generation.rows for generation in generations.values())
        )
