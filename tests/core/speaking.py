"""A stage for the tests of the command line: it prints where it may not, and ends as it is asked
to.
"""

from __future__ import annotations

import dataclasses
import os

from tasks.core.cli import errors
from tasks.core.cli.command import Verb, run
from tasks.core.cli.request import REQUIRED, setting


@dataclasses.dataclass(frozen=True)
class Request:
    """Say how to end."""

    end: str = setting(REQUIRED, "the name of an error, or what to answer")


def answer(request: Request) -> dict:
    """Prints from Python and, as a library in C would, past it."""
    print("a library speaks")
    os.write(1, b"another one, in C\n")
    if request.end == "bug":
        raise ZeroDivisionError("nobody thought of this")
    if request.end == "nan":
        return {"figure": float("nan")}
    if request.end == "full":
        with open("/dev/full", "w") as full:
            full.write("no room for this")
    if request.end == "full in Rust":
        raise RuntimeError(
            "Error while serializing: I/O error: No space left on device (os error 28)"
        )
    if request.end == "full in Java":
        try:
            raise RuntimeError(
                "An error occurred while calling o1.parquet.\n: java.io.IOException: No space "
                "left on device\n\tat " + "java.Frame\n" * 400
            )
        except RuntimeError as error:
            raise ValueError("while the tables were written") from error
    if hasattr(errors, request.end):
        raise getattr(errors, request.end)(
            "what is wrong", got="this", allowed="that", remedy="do so"
        )
    return {"said": request.end}


if __name__ == "__main__":
    raise SystemExit(
        run("speaking", {"answer": Verb(Request, "tests.core.speaking:answer", "say something")})
    )
