"""What `make run` shows while a day runs."""

from __future__ import annotations

import os

import pytest

from infra.local import terminal
from infra.local.terminal import Terminal

PARTS = [
    "train_gru4rec.fit 312 s: epoch 7 of 15, about 4 min left, recall@50 .412 (best .418, epoch 6)",
    "train_linear.fit 4 s: penalty 2 of 3",
]


def screen(written: str) -> list[str]:
    """The lines of a terminal that was written to; it knows what `Terminal` uses."""
    lines, at = [""], 0
    for part in (
        written.replace("\n", "\0\n\0")
        .replace("\r", "\0\r\0")
        .replace("\033", "\0\033")
        .split("\0")
    ):
        if part == "\n":
            at += 1
            lines += [""] * (at == len(lines))
        elif part.startswith("\033[A"):
            at -= 1
        elif part.startswith("\033[K"):
            lines[at] = part[3:]
        elif part != "\r":
            lines[at] += part
    return lines


@pytest.mark.parametrize("columns", [60, 200])
def test_in_a_terminal_each_task_has_a_line_that_is_written_anew_and_never_wraps(
    monkeypatch, capsys, columns
):
    monkeypatch.setattr(
        terminal.shutil, "get_terminal_size", lambda: os.terminal_size((columns, 24))
    )
    shown = Terminal()
    shown.live = True
    shown.tell([])
    shown.stay("train_gru4rec.fit begins")
    shown.tell(PARTS)
    shown.tell(PARTS)
    first, second, third = screen(capsys.readouterr().out)
    assert first == "   0 s  train_gru4rec.fit begins" and third.endswith(
        "  train_linear.fit 4 s: penalty 2 of 3"[:columns]
    )
    assert (
        second.endswith(f"at work: {PARTS[0]}")
        if columns == 200
        else len(second) == 59 and second.endswith("epoch 7 of 15, a…")
    )
    shown.stay("train_gru4rec.fit done in 600.0 s")
    assert screen("\n\n" + capsys.readouterr().out)[1:] == [
        "   0 s  train_gru4rec.fit done in 600.0 s",
        "",
    ]


def test_elsewhere_all_is_written_in_one_line_every_half_minute(monkeypatch, capsys):
    monkeypatch.setattr(terminal.time, "monotonic", lambda: now[0])
    now = [1000.0]
    shown = Terminal()
    for _ in range(70):
        shown.tell(PARTS)
        now[0] += 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and all(
        line.endswith(f"at work: {PARTS[0]}; {PARTS[1]}") for line in lines
    )
