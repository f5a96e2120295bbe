"""`python3 -m infra.settings check [--part airflow] [--env-file .env]` and `… list`: whether
everything can start; what there is to set.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.settings.check import Source, env_file, faults
from infra.settings.table import AIRFLOW, LOCAL, TABLE


def check(part: str, files: Sequence[Path] = ()) -> None:
    """Check all settings; returns where all is well.

    Raises:
        SystemExit: 2, after every fault was printed.
    """
    messages = faults(part, [Source("the environment", os.environ), *map(env_file, files)])
    if messages:
        print(
            f"settings: {len(messages)} to correct before anything starts",
            *(f"  {line}" for line in messages),
            sep="\n",
            file=sys.stderr,
            flush=True,
        )
        raise SystemExit(2)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m infra.settings", description=__doc__)
    parser.add_argument("command", choices=("check", "list"))
    parser.add_argument(
        "--part", choices=(LOCAL, AIRFLOW), default=AIRFLOW, help="who is about to start"
    )
    parser.add_argument(
        "--env-file",
        type=Path,
        action="append",
        default=[],
        help="a file of NAME=value lines, read after the environment",
    )
    given = parser.parse_args()
    if given.command == "list":
        print("| variable | meaning | allowed | default |\n|---|---|---|---|")
        for one in TABLE:
            print(f"| `{one.name}` | {one.text} | {one.kind.allowed} | {one.default or 'none'} |")
        return 0
    check(given.part, given.env_file)
    print("settings: all is well", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
