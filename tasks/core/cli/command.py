"""The command line of a stage: `python -m tasks.<stage> <verb> '<request as JSON>'`.

The result is one JSON line, the last on stdout; everything else a stage or a library prints goes to
stderr. Where the two are mixed, as in a pod's log, RECALL_RESULT names a file that the result is
written to as well.
"""

from __future__ import annotations

import dataclasses
import errno
import importlib
import json
import os
import re
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tasks.core.cli.errors import BadRequest, NothingToDo, RecallError, Unreachable
from tasks.core.cli.log import log
from tasks.core.cli.request import describe, parse

FULL_DISK_MESSAGE = re.compile(r"No space left on device|os error 28\b|Disk quota exceeded")


@dataclasses.dataclass(frozen=True)
class Verb:
    """One thing a stage can do: its request and the function that answers it with a
    JSON-serialisable dict.

    Attributes:
        answer: `module:function`, imported only when it is asked: `--help` and a bad request never
            wait for a heavy import.
    """

    request: type
    answer: str
    text: str

    def load(self) -> Callable[[Any], dict[str, Any]]:
        """The function."""
        module, _, name = self.answer.partition(":")
        return getattr(importlib.import_module(module), name)


def run(stage: str, verbs: Mapping[str, Verb], arguments: list[str] | None = None) -> int:
    """Answer one request; returns the exit code of `tasks.core.cli.errors`."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_help(stage, verbs))
        return 0 if arguments else BadRequest.exit_code
    # Before a verb's libraries are loaded: on a busy machine, OpenMP's threads that spin while they
    # wait cost a factor of fifty.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    answer = _claim_stdout()
    try:
        answer(_answer(stage, verbs, arguments))
        return 0
    except Exception as error:
        return _report(f"{stage} {arguments[0]}", error)


def _answer(stage: str, verbs: Mapping[str, Verb], arguments: list[str]) -> str:
    """The result of a request as one line of JSON; where a verb's help is wanted, that."""
    started = time.monotonic()
    verb, request = _read(stage, verbs, arguments)
    if request is None:
        return (
            f"python -m tasks.{stage} {arguments[0]} '<request as JSON>'\n"
            f"{verb.text}\n{describe(verb.request)}"
        )
    result = verb.load()(request)
    seconds = round(time.monotonic() - started, 2)
    log(f"{stage}.{arguments[0]}.done", seconds=seconds)
    text = json.dumps({**result, "seconds": seconds}, allow_nan=False)
    if path := os.environ.get("RECALL_RESULT"):
        Path(path).write_text(text)
    return text


def _report(command: str, error: Exception) -> int:
    """Print why a command has failed, after all that libraries have printed; returns its exit
    code.
    """
    sys.stdout.flush()
    if not isinstance(error, RecallError) and (path := full_disk(error)):
        error = Unreachable(
            f"a disk is full ({path})",
            remedy="free space where the store and temporary files (TMPDIR) lie, and run "
            "it again; nothing half-written counts",
        )
    if not isinstance(error, RecallError):
        traceback.print_exception(error)
        return 1
    level = "skipped" if isinstance(error, NothingToDo) else type(error).__name__
    print(f"{command}: {level}: {error}", file=sys.stderr, flush=True)
    return error.exit_code


def full_disk(error: BaseException) -> str | None:
    """The path or device that is full, if an error or one of its causes says so; libraries in C,
    Rust and Java wrap a full disk as their own errors.
    """
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
            return str(cause.filename or cause.strerror)
        if found := FULL_DISK_MESSAGE.search(str(cause)):
            return found.group()
        cause = cause.__cause__ or cause.__context__
    return None


def _read(stage: str, verbs: Mapping[str, Verb], arguments: list[str]) -> tuple[Verb, Any]:
    if arguments[0] not in verbs:
        raise BadRequest(
            "no such verb",
            got=arguments[0],
            allowed=f"one of {', '.join(verbs)}",
            remedy=f"python -m tasks.{stage} --help",
        )
    verb = verbs[arguments[0]]
    if arguments[1:] and arguments[1] in ("-h", "--help"):
        return verb, None
    if len(arguments) != 2:
        raise BadRequest(
            "a request is one JSON argument",
            got=f"{len(arguments) - 1} arguments",
            remedy=f"python -m tasks.{stage} {arguments[0]} --help",
        )
    try:
        payload = json.loads(arguments[1])
    except ValueError as error:
        raise BadRequest(
            f"the request is not JSON ({error})", got=arguments[1], allowed="one JSON object"
        ) from None
    return verb, parse(verb.request, payload)


def _claim_stdout() -> Callable[[str], None]:
    """Keep stdout for the result: what libraries print, in Python or in C, goes to stderr from here
    on.
    """
    try:
        kept = os.fdopen(os.dup(sys.stdout.fileno()), "w")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    except (OSError, ValueError):  # a test has replaced the streams
        return lambda text: print(text, flush=True)
    return lambda text: print(text, file=kept, flush=True)


def _help(stage: str, verbs: Mapping[str, Verb]) -> str:
    lines = [f"python -m tasks.{stage} <verb> '<request as JSON>'", "", "verbs:"]
    width = max(map(len, verbs))
    lines += [f"  {name.ljust(width)}  {verb.text}" for name, verb in verbs.items()]
    return "\n".join(
        [
            *lines,
            "",
            f"python -m tasks.{stage} <verb> --help lists the fields of its request, with "
            f"their defaults.",
        ]
    )
