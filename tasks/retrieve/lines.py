"""Questions and answers as JSON, one object a line, for a page that is not Python's: `python -m tasks.retrieve lines`.

    {"id": 7, "ask": "live"}                              → {"id": 7, "answer": {family: pointer or null}}
    {"id": 8, "ask": "find", "title": "star"}             → {"id": 8, "answer": [{"id", "title", "genres"}, …]}
    {"id": 9, "ask": "user", "user": "1", "k": 10}        → {"id": 9, "answer": {"channels": {name: list}, "merged": list, "history": […]}}
    {"id": 10, "ask": "item", "item": "50", "k": 10}      → the same for an item: what is like it

A list is {"hits": [{"id", "title", "genres", "score"}], "generation", "source"}; where a channel cannot answer, {"refused": text}. A question that
cannot be answered gets {"id", "error": {"kind", "text"}}. Answers come in the order they are ready in.
"""

from __future__ import annotations

import concurrent.futures
import json
import threading
from collections.abc import Callable
from typing import Any, TextIO

from tasks.core.errors import BadRequest, RecallError, Unreachable
from tasks.retrieve.answers import Answer
from tasks.retrieve.asked import text
from tasks.retrieve.channels import POPULAR, SIMILAR
from tasks.retrieve.reader import Reader

AT_ONCE, FOUND, LONGEST = 4, 20, 100


def serve(reader: Reader, questions: TextIO, answers: TextIO) -> int:
    """Answer until the questions end."""
    lock = threading.Lock()

    def answer(line: str) -> None:
        told = json.dumps(reply(reader, line), ensure_ascii=True)
        with lock:
            print(told, file=answers, flush=True)

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for line in questions:
            pool.submit(answer, line)
    return 0


def reply(reader: Reader, line: str) -> dict:
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


def _find(reader: Reader, question: dict) -> list[dict]:
    return [{"id": item.id, "title": item.title, "genres": list(item.genres)} for item in reader.find(question["title"])[:FOUND]]


def _user(reader: Reader, question: dict) -> dict:
    user, k = text("a user's id", question["user"]), _k(question)
    merged = reader.recommend(user, k)
    return _beside(merged, [*merged.generations, SIMILAR, POPULAR], lambda channel: reader.recommend(user, k, channels=[channel]))


def _item(reader: Reader, question: dict) -> dict:
    item, k = text("an item's id", question["item"]), _k(question)
    merged = reader.similar(item, k)
    return _beside(merged, list(reader.live()), lambda channel: reader.similar(item, k, family=channel))


def _beside(merged: Answer, channels: list[str], ask: Callable[[str], Answer]) -> dict:
    """The list of each channel beside the merged one."""
    lists: dict[str, dict] = {}
    for channel in channels:
        try:
            lists[channel] = _list(ask(channel), channel)
        except Unreachable:
            raise
        except RecallError as error:
            lists[channel] = {"refused": str(error)}
    return {"channels": lists, "merged": _list(merged, None), "generations": merged.generations,
            "history": [{"id": item.id, "title": item.title, "genres": list(item.genres)} for item in merged.history]}


def _list(answer: Answer, channel: str | None) -> dict:
    return {"hits": [{"id": hit.item.id, "title": hit.item.title, "genres": list(hit.item.genres), "score": hit.score, "channels": list(hit.channels)}
                     for hit in answer.hits],
            "generation": answer.generations.get(channel or ""), "source": answer.source}


def _k(question: dict) -> int:
    k = question.get("k", 10)
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= LONGEST:
        raise BadRequest("k is how many items are wanted", got=k, allowed=f"1 to {LONGEST}")
    return k


ASKED: dict[str, Callable[[Reader, dict], Any]] = {"live": lambda reader, _: reader.live(), "find": _find, "user": _user, "item": _item}
