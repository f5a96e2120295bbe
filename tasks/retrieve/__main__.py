"""`python -m tasks.retrieve similar|recommend|lines …`: the reader on the command line."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys

from tasks.core.cli.errors import BadRequest, RecallError
from tasks.retrieve.answers import Answer
from tasks.retrieve.families import ALL
from tasks.retrieve.json_lines import serve
from tasks.retrieve.reader import Reader
from tasks.retrieve.text_table import as_table

MAX_OTHER_MATCHES = 5  # of a title, named in a note


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    top = argparse.ArgumentParser(
        prog="python -m tasks.retrieve",
        description="Recommendations and similar items from what is live.",
    )
    common = _common_arguments()
    verbs = top.add_subparsers(dest="verb", required=True)
    similar = verbs.add_parser(
        "similar",
        parents=[common],
        help="items like one item; none named: like the one that most users like",
    )
    item = similar.add_mutually_exclusive_group()
    item.add_argument("--title", help="the title, its beginning or a part of it")
    item.add_argument("--item", help="the item's id")
    recommend = verbs.add_parser(
        "recommend",
        parents=[common],
        help="items for a user, or for a history; none named: for some user",
    )
    _add_user_arguments(recommend)
    verbs.add_parser(
        "lines",
        parents=[common],
        help="answer questions from stdin, one JSON object a line, until it ends; see "
        "tasks.retrieve.json_lines",
    )
    return top


def _common_arguments() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--family",
        default=ALL,
        help="item2vec, gru4rec, …; all: the fusion where one is live, else all of them merged "
        "(default: %(default)s)",
    )
    common.add_argument("--k", type=int, default=10, help="how many (default: %(default)s)")
    common.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    common.add_argument(
        "--redis",
        metavar="URL",
        help="redis://user:password@host:port/0 (default: RECALL_REDIS_URL; a password given "
        "here shows in the process list)",
    )
    common.add_argument(
        "--store",
        metavar="URI",
        default=os.environ.get("RECALL_STORE"),
        help="where generations lie (default: RECALL_STORE, else as published)",
    )
    return common


def _add_user_arguments(recommend: argparse.ArgumentParser) -> None:
    user = recommend.add_mutually_exclusive_group()
    user.add_argument("--user", help="the user's id")
    user.add_argument(
        "--history",
        nargs="+",
        metavar="ITEM",
        help="ids or titles, oldest first, of somebody who need not be known",
    )
    recommend.add_argument(
        "--attributes",
        nargs="+",
        metavar="NAME=VALUE",
        help="what else is known of them, as age=25: alone, or with one of the others",
    )


def main(arguments: list[str] | None = None) -> int:
    """Answer one question; returns the exit code of `tasks.core.cli.errors`."""
    options = parser().parse_args(arguments)
    try:
        reader = Reader(
            options.redis, options.store, timeout_seconds=1.0 if options.verb == "lines" else 5.0
        )
        if options.verb == "lines":
            return serve(reader, sys.stdin, sys.stdout)
        answer, notes = (_similar if options.verb == "similar" else _recommend)(reader, options)
    except RecallError as error:
        print(f"{options.verb}: {type(error).__name__}: {error}", file=sys.stderr)
        return error.exit_code
    if options.json:
        print(json.dumps({**dataclasses.asdict(answer), "notes": notes}, ensure_ascii=False))
    else:
        print(as_table(answer, notes))
    return 0


def _similar(reader: Reader, options: argparse.Namespace) -> tuple[Answer, list[str]]:
    notes: list[str] = []
    if options.item is not None:
        id = options.item
    elif options.title is not None:
        id, notes = _title(reader, options.title, options.family)
    else:
        id = reader.find("", options.family)[0].id
        notes = ["no item was named: this is the one that most users like"]
    return reader.similar(id, options.k, family=options.family), notes


def _recommend(reader: Reader, options: argparse.Namespace) -> tuple[Answer, list[str]]:
    attributes = _attributes(options.attributes)
    if options.user is not None:
        return reader.recommend(
            options.user, options.k, attributes=attributes, channels=_channels(options)
        ), []
    if options.history is None and attributes is None:
        user = reader.someone(options.family)
        return reader.recommend(user, options.k, channels=_channels(options)), [
            f"no user was named: this is {user}"
        ]
    ids: list[str] = []
    notes: list[str] = []
    for text in options.history or ():
        if reader.knows(text, options.family):
            ids.append(text)
            continue
        id, note = _title(reader, text, options.family)
        ids.append(id)
        notes += note
    history = None if options.history is None else ids
    return reader.recommend(
        None, options.k, history=history, attributes=attributes, channels=_channels(options)
    ), notes


def _attributes(pairs: list[str] | None) -> dict[str, str] | None:
    if invalid := [pair for pair in pairs or () if "=" not in pair]:
        raise BadRequest(
            "--attributes: not a name with its value", got=invalid, allowed="name=value, as age=25"
        )
    return dict(pair.split("=", 1) for pair in pairs) if pairs else None


def _channels(options: argparse.Namespace) -> list[str] | None:
    return None if options.family == ALL else [options.family]


def _title(reader: Reader, text: str, family: str) -> tuple[str, list[str]]:
    """The id of the best match, and a note when there were others."""
    matches = reader.find(text, family)
    if not matches:
        raise BadRequest(
            "no live model knows a title like this", got=text, remedy="try fewer words of it"
        )
    best, *others = matches
    if not others:
        return best.id, []
    titles = "; ".join(item.title for item in others[:MAX_OTHER_MATCHES])
    more = len(others) - MAX_OTHER_MATCHES
    and_more = f" and {more} more" if more > 0 else ""
    return best.id, [f"{text!r} taken as {best.title}; also: {titles}{and_more}"]


if __name__ == "__main__":
    raise SystemExit(main())
