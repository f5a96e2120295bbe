"""ranx's figures for lists and labels, in its own environment: `python ask_ranx.py <file.json>`;
one JSON object on stdout.

The file holds `lists` and `labels` (user → item rows, best first) and `metrics` (names as ranx has
them).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ranx import Qrels, Run, evaluate

given = json.loads(Path(sys.argv[1]).read_text())
qrels = Qrels(
    {user: dict.fromkeys(map(str, labels), 1) for user, labels in given["labels"].items()}
)
run = Run(
    {
        user: {str(item): float(1000 - place) for place, item in enumerate(items)}
        for user, items in given["lists"].items()
    }
)
found = evaluate(qrels, run, given["metrics"], return_mean=False, threads=1)
users = list(qrels.keys())
print(
    json.dumps({metric: dict(zip(users, map(float, values))) for metric, values in found.items()})
)
