"""Questions and answers as JSON, one object a line, for a page that is not in Python.

`python -m tasks.retrieve lines` answers

    {"id": 7, "ask": "live"}
        {"id": 7, "answer": {family: pointer or null}}
    {"id": 8, "ask": "find", "title": "star"}
        {"id": 8, "answer": [{"id", "title", "genres"}, …]}
    {"id": 9, "ask": "user", "user": "1", "k": 10}
        {"id": 9, "answer": {"channels": {name: list}, "merged": list, "generations": {family: id},
                             "history": [item, …]}}
    {"id": 10, "ask": "item", "item": "50", "k": 10}
        the same for the items similar to an item

A list is {"hits": [{"id", "title", "genres", "score", "channels"}], "generation", "source"}, or
{"refused": text} where a channel cannot answer. A question that cannot be answered gets {"id",
"error": {"kind", "text"}}. Titles and genres are cut to what a page shows, a history to its newest
items, and an answer that is still too long is refused. Answers come in the order they are ready in.
"""

from __future__ import annotations

import concurrent.futures
import json
import threading
from collections.abc import Callable
from typing import Any, TextIO

from tasks.core.cli.errors import BadRequest, RecallError, Unreachable
from tasks.retrieve.answers import Answer, Item
from tasks.retrieve.channels import POPULAR, SIMILAR
from tasks.retrieve.reader import Reader
from tasks.retrieve.validation import check_id

THREADS = 4  # which answer questions
MAX_MATCHES = 20  # of a title
MAX_K = 100
MAX_TEXT_CHARACTERS = 300  # of a title, or of a genre
MAX_GENRES = 30  # of an item
MAX_HISTORY_ITEMS = 200
MAX_ANSWER_BYTES = 2**22  # the console reads no line that is much longer


def serve(reader: Reader, questions: TextIO, answers: TextIO) -> int:
    """Answer until the questions end."""
    lock = threading.Lock()

    def answer(line: str) -> None:
        text = encode_reply(reply(reader, line))
        with lock:
            print(text, file=answers, flush=True)

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        for line in questions:
            pool.submit(answer, line)
    return 0


def encode_reply(reply: dict[str, Any]) -> str:
    """A reply as one line; a line that is too long becomes an error."""
    line = json.dumps(reply, ensure_ascii=True)
    if len(line) <= MAX_ANSWER_BYTES:
        return line
    return json.dumps(
        {
            "id": reply["id"],
            "error": {
                "kind": "BadRequest",
                "text": f"the answer takes {len(line):,} bytes, at most {MAX_ANSWER_BYTES:,} "
                "are sent: ask for fewer items",
            },
        }
    )


def reply(reader: Reader, line: str) -> dict[str, Any]:
    """The reply to one question; an error of any kind is a reply too."""
    id = None
    try:
        question = json.loads(line)
        id = question.get("id")
        return {"id": id, "answer": ANSWERS[question["ask"]](reader, question)}
    except RecallError as error:
        return {"id": id, "error": {"kind": type(error).__name__, "text": str(error)}}
    except Exception as error:  # the process answers the next question all the same
        return {"id": id, "error": {"kind": "Fault", "text": f"{type(error).__name__}: {error}"}}


def _find(reader: Reader, question: dict[str, Any]) -> list[dict[str, Any]]:
    return [_item_fields(item) for item in reader.find(question["title"])[:MAX_MATCHES]]


def _user(reader: Reader, question: dict[str, Any]) -> dict[str, Any]:
    user, k = check_id("a user's id", question["user"]), _k(question)
    merged = reader.recommend(user, k)
    return _by_channel(
        merged,
        [*merged.generations, SIMILAR, POPULAR],
        lambda channel: reader.recommend(user, k, channels=[channel]),
    )


def _item(reader: Reader, question: dict[str, Any]) -> dict[str, Any]:
    item, k = check_id("an item's id", question["item"]), _k(question)
    merged = reader.similar(item, k)
    return _by_channel(
        merged, list(reader.live()), lambda channel: reader.similar(item, k, family=channel)
    )


def _by_channel(
    merged: Answer, channels: list[str], ask: Callable[[str], Answer]
) -> dict[str, Any]:
    """The list of each channel, and the merged one."""
    lists: dict[str, dict[str, Any]] = {}
    for channel in channels:
        try:
            lists[channel] = _list(ask(channel), channel)
        except Unreachable:
            raise
        except RecallError as error:
            lists[channel] = {"refused": str(error)}
    return {
        "channels": lists,
        "merged": _list(merged, None),
        "generations": merged.generations,
        "history": [_item_fields(item) for item in merged.history[:MAX_HISTORY_ITEMS]],
    }


def _list(answer: Answer, channel: str | None) -> dict[str, Any]:
    return {
        "hits": [
            _item_fields(hit.item)
            | {
                "score": hit.score,
                "channels": list(hit.channels),
                "liked_both": hit.liked_both,
            }
            for hit in answer.hits
        ],
        "liked": answer.liked,
        "generation": answer.generations.get(channel or ""),
        "source": answer.source,
    }


def _item_fields(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "title": _cut(item.title),
        "genres": [_cut(genre) for genre in item.genres[:MAX_GENRES]],
    }


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT_CHARACTERS else f"{text[:MAX_TEXT_CHARACTERS]}…"


def _k(question: dict[str, Any]) -> int:
    k = question.get("k", 10)
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= MAX_K:
        raise BadRequest("k is how many items are wanted", got=k, allowed=f"1 to {MAX_K}")
    return k


ANSWERS: dict[str, Callable[[Reader, dict[str, Any]], Any]] = {
    "live": lambda reader, _: reader.live(),
    "find": _find,
    "user": _user,
    "item": _item,
}
