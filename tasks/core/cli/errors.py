"""The errors of all stages, in families that decide whether a retry can help.

    RecallError
    ├── BadRequest    exit 2   the request or a setting is wrong          never retried
    ├── RefusedData   exit 3   the data is not what was promised          never retried
    ├── Conflict      exit 4   a newer writer has been here               never retried
    ├── Corrupt       exit 5   a stored artefact is damaged or too new    never retried
    ├── Undelivered   exit 6   the data of the day is not there yet       a scheduled run waits
    ├── Unreachable   exit 10  a service or a disk is away                retried
    └── NothingToDo   exit 99  the work is not wanted; the task is skipped

Anything else that is raised is a bug: exit 1, with its traceback, retried.
"""

from __future__ import annotations

from tasks.core.cli.printable import printable_lines

MAX_MESSAGE_CHARACTERS = (
    4000  # characters of what is wrong: many faults fit, a value of megabytes does not
)


class RecallError(Exception):
    """An error whose message can be acted upon at three in the morning.

    Args:
        what: what is wrong, naming the place (file, field, key).
        got: the value received; omitted from the message when not given.
        allowed: what would have been accepted.
        remedy: what to do next.
    """

    exit_code = 1

    def __init__(
        self, what: str, *, got: object = None, allowed: object = None, remedy: str | None = None
    ) -> None:
        parts = [
            what.rstrip(".")
            if len(what) <= MAX_MESSAGE_CHARACTERS
            else f"{what[:MAX_MESSAGE_CHARACTERS]}… ({len(what)} characters)"
        ]
        parts += [f"got {quote(got)}"] if got is not None else []
        parts += [f"expected {allowed}"] if allowed is not None else []
        parts += [f"remedy: {remedy}"] if remedy else []
        super().__init__(printable_lines("; ".join(parts)))


class BadRequest(RecallError):
    """The request or a setting is wrong; the same request will fail again."""

    exit_code = 2


class RefusedData(RecallError):
    """The data is not what was promised; nothing downstream may start from it."""

    exit_code = 3


class Undelivered(RefusedData):
    """The source has nothing of the day that is asked for, yet."""

    exit_code = 6


class Conflict(RecallError):
    """Somebody newer has already done this; doing it again would put an older state on top."""

    exit_code = 4


class Corrupt(RecallError):
    """A stored artefact differs from its manifest, or was written by a newer schema."""

    exit_code = 5


class Unreachable(RecallError):
    """A service or a disk did not answer; it may later."""

    exit_code = 10


class NothingToDo(RecallError):
    """The work is not wanted now (a held challenger is not promoted); the task is shown as
    skipped.
    """

    exit_code = 99


def quote(value: object, limit: int = 200) -> str:
    """A value as a message tells it: escaped, and no longer than that."""
    try:
        text = repr(value)
    except ValueError:  # a whole number of thousands of digits has no text
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"
