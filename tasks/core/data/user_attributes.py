"""User attributes: ids and columns of the table of users."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

Value = str | int | float | bool | Sequence[str] | None


@dataclasses.dataclass(frozen=True)
class UserAttributes:
    """Columns over `count` users; an encoder takes those it was trained with and leaves the rest.

    Attributes:
        count: users.
        columns: name → one value a user: a text, a number (taken as its text), a list of texts, or
            None where it is not known. `id` is the user's id. A column that is not there is not
            known of anybody.
    """

    count: int
    columns: Mapping[str, Sequence[Value]]

    def __post_init__(self) -> None:
        for name, values in self.columns.items():
            if len(values) != self.count:
                raise ValueError(f"{name} has {len(values)} values for {self.count} users")

    @classmethod
    def of_one(cls, values: Mapping[str, Value]) -> UserAttributes:
        """One user."""
        return cls(1, {name: [value] for name, value in values.items()})

    def __len__(self) -> int:
        return self.count

    def select_users(self, users: np.ndarray) -> UserAttributes:
        """The users of these rows, in this order."""
        return UserAttributes(
            len(users),
            {
                name: [values[user] for user in users.tolist()]
                for name, values in self.columns.items()
            },
        )


def texts(value: Value) -> list[str]:
    """A value as the texts it holds: none where nothing is known.

    Raises:
        TypeError: it is neither text nor number nor a list of these.
    """
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, bool):
        return [str(value).lower()]
    if isinstance(value, (int, float, np.integer, np.floating)):
        return (
            []
            if value != value
            else [str(int(value)) if float(value).is_integer() else repr(float(value))]
        )
    if isinstance(value, (list, tuple)):
        return [text for one in value if not isinstance(one, (list, tuple)) for text in texts(one)]
    raise TypeError(f"{value!r} ({type(value).__name__})")
