"""`python -m tasks.retrieve similar|recommend|lines …`: what a service would get, by title."""

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

MAX_OTHER_MATCHES = 5  # other matches of a title that are told


def parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    add = common.add_argument
    add(
        "--family",
        default=ALL,
        help="item2vec, gru4rec, …; all: the fusion where one is live, else all of them merged "
        "(default: %(default)s)",
    )
    add("--k", type=int, default=10, help="how many (default: %(default)s)")
    add("--json", action="store_true", help="one JSON object instead of a table")
    add(
        "--redis",
        metavar="URL",
        help="redis://user:password@host:port/0 (default: RECALL_REDIS_URL; a password given "
        "here shows in the process list)",
    )
    add(
        "--store",
        metavar="URI",
        default=os.environ.get("RECALL_STORE"),
        help="where generations lie (default: RECALL_STORE, else as published)",
    )
    top = argparse.ArgumentParser(
        prog="python -m tasks.retrieve",
        description="Recommendations and similar items from what is live.",
    )
    verbs = top.add_subparsers(dest="verb", required=True)
    similar = verbs.add_parser(
        "similar",
        parents=[common],
        help="items like one item; none named: like the one that most users like",
    )
    what = similar.add_mutually_exclusive_group()
    what.add_argument("--title", help="the title, its beginning or a part of it")
    what.add_argument("--item", help="the item's id")
    recommend = verbs.add_parser(
        "recommend",
        parents=[common],
        help="items for a user, or for a history; none named: for some user",
    )
    whom = recommend.add_mutually_exclusive_group()
    whom.add_argument("--user", help="the user's id")
    whom.add_argument(
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
    verbs.add_parser(
        "lines",
        parents=[common],
        help="answer questions from stdin, one JSON object a line, until it ends; see "
        "tasks.retrieve.json_lines",
    )
    return top


def main(arguments: list[str] | None = None) -> int:
    """Answer one question; returns the exit code of `tasks.core.cli.errors`."""
    asked = parser().parse_args(arguments)
    try:
        reader = Reader(
            asked.redis, asked.store, timeout_seconds=1.0 if asked.verb == "lines" else 5.0
        )
        if asked.verb == "lines":
            return serve(reader, sys.stdin, sys.stdout)
        answer, notes = (_similar if asked.verb == "similar" else _recommend)(reader, asked)
    except RecallError as error:
        print(f"{asked.verb}: {type(error).__name__}: {error}", file=sys.stderr)
        return error.exit_code
    if asked.json:
        print(json.dumps({**dataclasses.asdict(answer), "notes": notes}, ensure_ascii=False))
    else:
        print(as_table(answer, notes))
    return 0


def _similar(reader: Reader, asked: argparse.Namespace) -> tuple[Answer, list[str]]:
    notes: list[str] = []
    if asked.item is not None:
        id = asked.item
    elif asked.title is not None:
        id, notes = _title(reader, asked.title, asked.family)
    else:
        id = reader.find("", asked.family)[0].id
        notes = ["no item was named: this is the one that most users like"]
    return reader.similar(id, asked.k, family=asked.family), notes


def _recommend(reader: Reader, asked: argparse.Namespace) -> tuple[Answer, list[str]]:
    attributes = _attributes(asked.attributes)
    if asked.user is not None:
        return reader.recommend(
            asked.user, asked.k, attributes=attributes, channels=_channels(asked)
        ), []
    if asked.history is None and attributes is None:
        user = reader.someone(asked.family)
        return reader.recommend(user, asked.k, channels=_channels(asked)), [
            f"no user was named: this is {user}"
        ]
    ids: list[str] = []
    notes: list[str] = []
    for text in asked.history or ():
        if reader.knows(text, asked.family):
            ids.append(text)
            continue
        id, told = _title(reader, text, asked.family)
        ids.append(id)
        notes += told
    history = None if asked.history is None else ids
    return reader.recommend(
        None, asked.k, history=history, attributes=attributes, channels=_channels(asked)
    ), notes


def _attributes(given: list[str] | None) -> dict[str, str] | None:
    if wrong := [one for one in given or () if "=" not in one]:
        raise BadRequest(
            "--attributes: not a name with its value", got=wrong, allowed="name=value, as age=25"
        )
    return dict(one.split("=", 1) for one in given) if given else None


def _channels(asked: argparse.Namespace) -> list[str] | None:
    return None if asked.family == ALL else [asked.family]


def _title(reader: Reader, text: str, family: str) -> tuple[str, list[str]]:
    """The id of the best match, and a note when there were others."""
    found = reader.find(text, family)
    if not found:
        raise BadRequest(
            "no live model knows a title like this", got=text, remedy="try fewer words of it"
        )
    if len(found) == 1:
        return found[0].id, []
    others = "; ".join(item.title for item in found[1 : 1 + MAX_OTHER_MATCHES])
    more = (
        f" and {len(found) - 1 - MAX_OTHER_MATCHES} more"
        if len(found) > 1 + MAX_OTHER_MATCHES
        else ""
    )
    return found[0].id, [f"{text!r} taken as {found[0].title}; also: {others}{more}"]


if __name__ == "__main__":
    raise SystemExit(main())
