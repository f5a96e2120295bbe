"""What the source's files are, told from their bytes alone.

The id of a snapshot is made of these digests, the settings, the day and this stage's code, not of what Spark computed. Spark
adds nothing to it: numbering, order and split follow from keys in the data. So the id does not depend on the number of
cores, blocks, partitions or the cluster, and a repeated run knows that its work is done before it starts Spark.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

BLOCK = 1 << 20


@dataclass(frozen=True)
class Fingerprint:
    """Of one file: its size, the digest of its bytes, and its lines (ended by LF, CR LF or CR; a last one needs no end)."""

    bytes: int
    sha256: str
    lines: int


def fingerprint(path: Path) -> Fingerprint:
    """Read a file once, in blocks. The lines are counted here too, so that Spark's accounts can be checked against them."""
    digest, size, lines, before = hashlib.sha256(), 0, 0, b""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            size += len(block)
            lines += block.count(b"\n") + block.count(b"\r") - block.count(b"\r\n") - (before == b"\r" and block[:1] == b"\n")
            before = block[-1:]
    return Fingerprint(size, digest.hexdigest(), lines + (before not in (b"", b"\n", b"\r")))
