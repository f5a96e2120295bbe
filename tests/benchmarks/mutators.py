"""Ways in which a file goes bad: each takes the bytes of a good one and a random generator, and
returns the bytes of a bad one.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from random import Random

WORDS = (
    b"",
    b"NULL",
    b"null",
    b"NaN",
    b"inf",
    b"-inf",
    b"1e400",
    b"-1",
    b"0",
    b"99999999999999999999",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"0x10",
    b"1,5",
    b"\xd9\xa3",
    "５".encode(),
    b"true",
    b"4.0000000001",
    b"\x00",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"'; DROP TABLE x; --",
    b"<script>alert(1)</script>",
    b"=1+1",
    b"\xe2\x80\xae",
    b"../../etc/passwd",
    b'"',
    b'""',
    b'"\n"',
    b"\\",
    b"{}",
    b"[1]",
    b"1970-01-01",
    b"2262-04-12",
)
MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")


def lines_of(data: bytes) -> list[bytes]:
    return data.split(b"\n")


def some(random: Random, data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Change a few lines."""
    lines = lines_of(data)
    for _ in range(random.randint(1, 5)):
        at = random.randrange(len(lines))
        lines[at] = change(lines[at])
    return b"\n".join(lines)


def flip_bytes(data: bytes, random: Random) -> bytes:
    made = bytearray(data)
    for _ in range(random.randint(1, 20)):
        made[random.randrange(len(made))] = random.randrange(256)
    return bytes(made)


def flip_bits(data: bytes, random: Random) -> bytes:
    made = bytearray(data)
    for _ in range(random.randint(1, 8)):
        made[random.randrange(len(made))] ^= 1 << random.randrange(8)
    return bytes(made)


def cut_off(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data))]


def cut_out(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data))
    return data[:at] + data[at + random.randint(1, 200) :]


def swap_columns(data: bytes, random: Random, between: bytes) -> bytes:
    whole, lines = random.random() < 0.5, lines_of(data)
    width = lines[0].count(between) + 1
    a, b = random.randrange(width), random.randrange(width)
    for n, line in enumerate(lines):
        fields = line.split(between)
        if len(fields) == width and (whole or random.random() < 0.2):
            fields[a], fields[b] = fields[b], fields[a]
            lines[n] = between.join(fields)
    return b"\n".join(lines)


def wrong_delimiter(data: bytes, random: Random, between: bytes) -> bytes:
    other = random.choice([b",", b"\t", b";", b"|", b"::", b" ", b"\x01"])
    return (
        data.replace(between, other)
        if random.random() < 0.3
        else some(random, data, lambda line: line.replace(between, other))
    )


def odd_field(data: bytes, random: Random, between: bytes) -> bytes:
    def change(line: bytes) -> bytes:
        fields = line.split(between)
        fields[random.randrange(len(fields))] = random.choice(WORDS)
        return between.join(fields)

    return some(random, data, change)


def more_or_fewer_fields(data: bytes, random: Random, between: bytes) -> bytes:
    return some(
        random,
        data,
        lambda line: (
            line + between + b"x" if random.random() < 0.5 else line.rpartition(between)[0]
        ),
    )


def huge_field(data: bytes, random: Random) -> bytes:
    size = random.choice([2_000, 70_000, 400_000, 2_000_000])
    return some(
        random, data, lambda line: line[:3] + bytes([random.randrange(32, 127)]) * size + line[3:]
    )


def nulls(data: bytes, random: Random) -> bytes:
    return some(
        random,
        data,
        lambda line: line.replace(line[:1] or b"x", b"\x00") + b"\x00" * random.randint(0, 3),
    )


def mark(data: bytes, random: Random) -> bytes:
    return random.choice(MARKS) + data


def other_ends(data: bytes, random: Random) -> bytes:
    end = random.choice([b"\r\n", b"\r", b"\n\r", b"\n\n", b"\r\r\n"])
    return (
        data.replace(b"\n", end)
        if random.random() < 0.6
        else some(random, data, lambda line: line + end)
    )


def mixed_encoding(data: bytes, random: Random) -> bytes:
    tail = random.choice(["é", "Ж", "日本", "😀", "\u2028", "\x85"])
    return some(
        random,
        data,
        lambda line: line + tail.encode(random.choice(["utf-8", "utf-16-le", "utf-32-be"])),
    )


def whole_encoding(data: bytes, random: Random) -> bytes:
    return data.decode("utf-8", "replace").encode(
        random.choice(["utf-16", "utf-16-be", "utf-32", "cp037"]), "replace"
    )


def lines_again(data: bytes, random: Random) -> bytes:
    lines = lines_of(data)
    return b"\n".join(lines + random.choices(lines, k=random.randint(1, 10)))


def header_again(data: bytes, random: Random) -> bytes:
    lines = lines_of(data)
    lines.insert(random.randint(1, len(lines)), lines[0])
    return b"\n".join(lines)


def without_first_line(data: bytes, random: Random) -> bytes:
    return data.partition(b"\n")[2]


def shuffled(data: bytes, random: Random) -> bytes:
    lines = lines_of(data)
    random.shuffle(lines)
    return b"\n".join(lines)


def quotes(data: bytes, random: Random) -> bytes:
    return some(random, data, lambda line: line[:2] + b'"' * random.randint(1, 3) + line[2:])


def something_else(data: bytes, random: Random) -> bytes:
    return random.choice(
        [
            b"",
            b"\n",
            b" ",
            b"\x00" * 100,
            b"<!DOCTYPE html><html><body>503</body></html>\n",
            random.randbytes(3000),
            b"PAR1",
            b"PK\x03\x04",
            b"\x1f\x8b",
            b"(\xb5/\xfd",
            b"[" * 5000,
            b'{"a":' * 3000,
            b"SQLite format 3\x00" + bytes(500),
            data * 30,
        ]
    )


def packed(data: bytes, random: Random) -> bytes:
    """In an archive, which may be damaged, nested, empty or a bomb."""
    kind = random.randrange(6)
    if kind == 0:
        return gzip.compress(data)
    if kind == 1:
        return gzip.compress(data)[: -random.randint(1, 20)]
    if kind == 2:
        return gzip.compress(gzip.compress(data))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        if kind == 3:
            archive.writestr("../../evil.csv", data)
        if kind == 4:
            archive.writestr("bomb.csv", data + b"0" * 60_000_000)
    whole = made.getvalue()
    return whole if kind < 5 or random.random() < 0.5 else whole[: len(whole) // 2]


PLAIN = (
    flip_bytes,
    flip_bits,
    cut_off,
    cut_out,
    huge_field,
    nulls,
    mark,
    other_ends,
    mixed_encoding,
    whole_encoding,
    lines_again,
    header_again,
    without_first_line,
    shuffled,
    quotes,
    something_else,
    packed,
)
FIELDS = (swap_columns, wrong_delimiter, odd_field, more_or_fewer_fields)


def mutate(data: bytes, between: bytes, random: Random) -> tuple[str, bytes]:
    """One mutation, sometimes on top of another; its name and the bytes."""
    name, made = "", data
    for _ in range(1 + (random.random() < 0.25)):
        one = random.choice(PLAIN + FIELDS)
        if made:
            made = one(made, random, between) if one in FIELDS else one(made, random)
        name = f"{name}+{one.__name__}".strip("+")
    return name, made
