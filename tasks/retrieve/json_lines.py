"""Questions and answers as JSON, one object a line, for a page that is not Python's: `python -m
tasks.retrieve lines`.

    {"id": 7, "ask": "live"}                              → {"id": 7, "answer": {family: pointer or
    null}} {"id": 8, "ask": "find", "title": "star"}             → {"id": 8, "answer": [{"id",
    "title", "genres"}, …]} {"id": 9, "ask": "user", "user": "1", "k": 10}        → {"id": 9,
    "answer": {"channels": {name: list}, "merged": list, "history": […]}} {"id": 10, "ask": "item",
    "item": "50", "k": 10}      → the same for an item: what is like it

Titles and genres are cut to what a page shows, a history to its newest items, and an answer that is
still too long is refused. A list is {"hits": [{"id", "title", "genres", "score"}], "generation",
"source"}; where a channel cannot answer, {"refused": text}. A question that cannot be answered gets
{"id", "error": {"kind", "text"}}. Answers come in the order they are ready in.
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

AT_ONCE, FOUND, LONGEST = 4, 20, 100
SHOWN, GENRES, NEWEST = (
    300,
    30,
    200,
)  # characters of a title or genre, genres of an item, items of a history
MAX_ANSWER_BYTES = 2**22  # bytes; whoever asks reads no line that is much longer


def serve(reader: Reader, questions: TextIO, answers: TextIO) -> int:
    """Answer until the questions end."""
    lock = threading.Lock()

    def answer(line: str) -> None:
        told = encode_reply(reply(reader, line))
        with lock:
            print(told, file=answers, flush=True)

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for line in questions:
            pool.submit(answer, line)
    return 0


def encode_reply(told: dict[str, Any]) -> str:
    """A reply as one line."""
    line = json.dumps(told, ensure_ascii=True)
    if len(line) <= MAX_ANSWER_BYTES:
        return line
    return json.dumps(
        {
            "id": told["id"],
            "error": {
                "kind": "BadRequest",
                "text": f"the answer takes {len(line):,} bytes, at most {MAX_ANSWER_BYTES:,} "
                "are sent: ask for fewer items",
            },
        }
    )


def reply(reader: Reader, line: str) -> dict[str, Any]:
    """One answer; whatever goes wrong is an answer too."""
    id = None
    try:
        question = json.loads(line)
        id = question.get("id")
        return {"id": id, "answer": ASKED[question["ask"]](reader, question)}
    except RecallError as error:
        return {"id": id, "error": {"kind": type(error).__name__, "text": str(error)}}
    except Exception as error:  # the process answers the next question all the same
        return {"id": id, "error": {"kind": "Fault", "text": f"{type(error).__name__}: {error}"}}


def _find(reader: Reader, question: dict[str, Any]) -> list[dict[str, Any]]:
    return [_item_shown(item) for item in reader.find(question["title"])[:FOUND]]


def _user(reader: Reader, question: dict[str, Any]) -> dict[str, Any]:
    user, k = check_id("a user's id", question["user"]), _k(question)
    merged = reader.recommend(user, k)
    return _beside(
        merged,
        [*merged.generations, SIMILAR, POPULAR],
        lambda channel: reader.recommend(user, k, channels=[channel]),
    )


def _item(reader: Reader, question: dict[str, Any]) -> dict[str, Any]:
    item, k = check_id("an item's id", question["item"]), _k(question)
    merged = reader.similar(item, k)
    return _beside(
        merged, list(reader.live()), lambda channel: reader.similar(item, k, family=channel)
    )


def _beside(merged: Answer, channels: list[str], ask: Callable[[str], Answer]) -> dict[str, Any]:
    """The list of each channel beside the merged one."""
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
        "history": [_item_shown(item) for item in merged.history[:NEWEST]],
    }


def _list(answer: Answer, channel: str | None) -> dict[str, Any]:
    return {
        "hits": [
            _item_shown(hit.item) | {"score": hit.score, "channels": list(hit.channels)}
            for hit in answer.hits
        ],
        "generation": answer.generations.get(channel or ""),
        "source": answer.source,
    }


def _item_shown(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "title": _cut(item.title),
        "genres": [_cut(genre) for genre in item.genres[:GENRES]],
    }


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _k(question: dict[str, Any]) -> int:
    k = question.get("k", 10)
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= LONGEST:
        raise BadRequest("k is how many items are wanted", got=k, allowed=f"1 to {LONGEST}")
    return k


ASKED: dict[str, Callable[[Reader, dict[str, Any]], Any]] = {
    "live": lambda reader, _: reader.live(),
    "find": _find,
    "user": _user,
    "item": _item,
}
