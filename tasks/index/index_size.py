"""The size of an index, predicted from its factory string, and the choice of a kind by size."""

from __future__ import annotations

import math
import re

from tasks.core.cli.errors import BadRequest

CODE = r"Flat|SQ4|SQ6|SQ8|SQfp16|PQ[1-9]\d{0,3}(?:x(?:[4-9]|1[0-2]))?"
LINKS = r"[2-9]|[1-9]\d{1,2}"  # FAISS ends the process when a graph has none
FACTORY = re.compile(
    rf"(?P<code>{CODE})|LSH(?P<bits>[1-9]\d{{0,4}})|IVF(?P<lists>[1-9]\d{{0,6}}),(?P<listed>{CODE})|"
    rf"HNSW(?P<links>{LINKS})(?:,(?P<stored>Flat|SQ8|SQfp16))?"
)
ALLOWED = "Flat, IVF256,Flat, HNSW32, LSH256, SQ8, PQ16, IVF1024,SQ8, IVF1024,PQ16, or auto"
MAX_EXACT_VECTORS = 20_000  # exact search of so many takes a tenth of a millisecond


def parse_factory(factory: str) -> dict[str, str]:
    """The parts of a factory string, "" for a part it has not.

    Raises:
        BadRequest: not one of the kinds that are tested to serve.
    """
    match = FACTORY.fullmatch(factory)
    if not match:
        raise BadRequest(
            "not an index that can be served",
            got=factory,
            allowed=ALLOWED,
            remedy="Flat is exact; auto chooses by size",
        )
    return match.groupdict("")


def bytes_per_vector(factory: str, dimension: int, count: int) -> float:
    """Bytes of the index file for each of `count` vectors.

    Centroids and code books, which are stored once, are shared among the vectors.
    """
    parts = parse_factory(factory)
    if parts["bits"]:
        bits = int(parts["bits"])
        return math.ceil(bits / 8) + (4 * bits * dimension + 4 * bits) / count * (bits > dimension)
    if parts["lists"]:
        lists, wide = int(parts["lists"]), padded_dimension(parts["listed"], dimension)
        return 8 + _code(parts["listed"], wide, count) + lists * (4 * wide + 8) / count
    if parts["links"]:
        links = int(parts["links"])
        return (
            _code(parts["stored"] or "Flat", dimension, count)
            + 12
            + 8 * links
            + 4 * links / (links - 1)
        )
    return _code(parts["code"], dimension, count)


def padded_dimension(code: str, dimension: int) -> int:
    """Dimensions of a vector in inverted lists: one more, rounded up for product quantisation."""
    pieces = int(code[2:].split("x")[0]) if code.startswith("PQ") else 1
    return math.ceil((dimension + 1) / pieces) * pieces


def _code(code: str, dimension: int, count: int) -> float:
    """Bytes of the code of one vector."""
    if code == "Flat":
        return 4 * dimension
    if code.startswith("SQ"):
        trained = 0 if code == "SQfp16" else 8 * dimension / count
        return (
            math.ceil(dimension * {"SQ4": 4, "SQ6": 6, "SQ8": 8, "SQfp16": 16}[code] / 8) + trained
        )
    pieces, bits = (int(part) for part in (code[2:] + "x8").split("x")[:2])
    return math.ceil(pieces * bits / 8) + 4 * dimension * 2**bits / count


def choose_factory(count: int, dimension: int, budget_bytes: float | None) -> str:
    """The factory string for `auto`: exact while that is fast, else inverted lists.

    Either is compressed as far as the budget asks.

    Args:
        budget_bytes: largest size of the index in memory; None: no bound.

    Raises:
        BadRequest: no kind is small enough.
    """
    if count <= MAX_EXACT_VECTORS:
        fitting = ["Flat", "SQ8", "SQ4"]
    else:
        lists = max(16, round(4 * math.sqrt(count)))
        fitting = [
            f"IVF{lists},{code}"
            for code in ("Flat", "SQfp16", "SQ8", "SQ4", f"PQ{max(1, dimension // 4)}")
        ]
    if budget_bytes is None:
        return fitting[0]
    for factory in fitting:
        if bytes_per_vector(factory, dimension, count) * count <= budget_bytes:
            return factory
    least = bytes_per_vector(fitting[-1], dimension, count) * count
    raise BadRequest(
        "no index of these vectors is small enough",
        got=f"{budget_bytes / 2**20:,.1f} MiB for {count} × {dimension}",
        allowed=f"{least / 2**20:,.1f} MiB or more ({fitting[-1]})",
        remedy="raise memory_mib, or train fewer dimensions",
    )
