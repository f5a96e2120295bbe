"""Output while a day runs: lines that stay and, below them, some that are rewritten."""

from __future__ import annotations

import shutil
import sys
import time

# seconds between two lines of what is at work where they all stay, as in the log of an unattended
# run
EVERY = 30.0


class Terminal:
    """Writes to stdout; `live` where that is a terminal."""

    def __init__(self) -> None:
        self.live, self.begun, self._told, self._drawn = (
            sys.stdout.isatty(),
            time.monotonic(),
            0.0,
            0,
        )

    def stay(self, text: str) -> None:
        """A line that stays."""
        self.clear()
        print(f"{self._passed()}  {text}", flush=True)

    def tell(self, working: list[str]) -> None:
        """Show the tasks at work: in a terminal one line each, cut to its width; elsewhere all in
        one line, now and then.
        """
        head, working = f"{self._passed()}  at work: ", working or ["nothing yet"]
        if self.live:
            columns, rows = shutil.get_terminal_size()
            lines = [
                f"{'' if number else head:{len(head)}}{one}"
                for number, one in enumerate(working[: max(1, rows - 1)])
            ]
            self.clear()
            # In the last column some terminals go on to the next line.
            print(
                "\n".join(
                    line if len(line) < columns else f"{line[: columns - 2]}…" for line in lines
                ),
                end="",
                flush=True,
            )
            self._drawn = len(lines)
        elif time.monotonic() - self._told >= EVERY:
            self._told = time.monotonic()
            print(head + "; ".join(working), flush=True)

    def clear(self) -> None:
        """Take away the lines that are written anew."""
        if self._drawn:
            print("\r\033[K" + "\033[A\033[K" * (self._drawn - 1), end="", flush=True)
        self._drawn = 0

    def _passed(self) -> str:
        return f"{time.monotonic() - self.begun:4.0f} s"
