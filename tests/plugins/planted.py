"""A store as the pipeline leaves it, planted with a few documents: two days, a held challenger, a
refused day, a live generation.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

EVIL = "<img src=x onerror=alert(1)>"


def folder(
    root: Path,
    *parts: str,
    facts: dict,
    counts: dict | None = None,
    lineage: dict | None = None,
    created: float | None = None,
) -> Path:
    """A complete folder."""
    place = root.joinpath(*parts)
    place.mkdir(parents=True)
    (place / "manifest.json").write_text(
        json.dumps(
            {
                "schema": 1,
                "kind": parts[0].rstrip("s"),
                "id": parts[-1],
                "created": created or time.time(),
                "files": {},
                "counts": counts or {},
                "facts": facts,
                "lineage": lineage or {},
            }
        )
    )
    return place


def difference(mean: float, base: float = 0.5) -> dict:
    return {
        "base": base,
        "mean": mean,
        "low": mean - 0.01,
        "high": mean + 0.01,
        "p": 0.01,
        "p_holm": 0.02,
        "relative": mean / base,
        "standard_error": 0.005,
        "detectable": 0.02,
        "users": 900,
    }


def verdict(
    root: Path, family: str, id: str, outcome: str, mean: float, version: str, reason: str
) -> Path:
    """A verdict that compares with the champion."""
    check = {
        "name": "better",
        "says": "ok" if outcome == "promote" else outcome,
        "sentence": reason,
    }
    figures = dict.fromkeys(("recall_50", "ndcg_10", "hr_10", "coverage_50"), 0.5 + mean)
    document = {
        "family": family,
        "outcome": outcome,
        "question": "change",
        "reason": reason,
        "reasons": [reason],
        "checks": [check],
        "users": 900,
        "margin": None,
        "difference": {name: difference(mean) for name in ("recall_50", "ndcg_10", "hr_10")},
        "difference_to": "champion",
        "baselines": {"popularity": difference(0.2, 0.2)},
        "slices": {"short histories": difference(mean)},
        "metrics": {"challenger": figures, "champion": figures},
        "seeds": [],
        "policy": {"metric": "recall_50", "tested": ["ndcg_10", "hr_10"], "confidence": 0.95},
        "policy_file": "default.toml",
        "day": "2026-11-20",
        "version": version,
        "champion_version": "1",
        "candidate": "file:///nowhere",
        "snapshot": "file:///nowhere",
    }
    place = folder(
        root,
        "verdicts",
        family,
        id,
        facts={
            name: document[name]
            for name in (
                "family",
                "day",
                "outcome",
                "question",
                "reason",
                "version",
                "champion_version",
            )
        },
    )
    (place / "verdict.json").write_text(json.dumps(document))
    (place / "verdict.html").write_text(
        "<!doctype html><h1>whole verdict</h1><script>alert(1)</script>"
    )
    return place


def store(root: Path) -> Path:
    """The whole of it, of the data set `planted` and the family item2vec."""
    for day, bad in (("2026-11-19", {}), ("2026-11-20", {"rating out of range": 7, EVIL: 2})):
        accounts = {
            "rows_in": 1000,
            "kept": 1000 - sum(bad.values()),
            "quarantined": sum(bad.values()),
            "later": 0,
            "superseded": 0,
        }
        place = folder(
            root,
            "snapshots",
            "planted",
            day,
            f"snap{day[-2:]}",
            facts={"accounts": accounts, "warnings": ["few users"] if bad else []},
            counts={"users": 90, "items": 40, "interactions": accounts["kept"]},
        )
        (place / "report.html").write_text("<h1>report</h1>")
        aside = folder(root, "quarantine", "planted", day, f"snap{day[-2:]}", facts={})
        (aside / "summary.json").write_text(
            json.dumps({"interactions": bad, "items": {}, "users": {}})
        )
    folder(
        root,
        "refused",
        "planted",
        "2026-11-21",
        "bad1",
        facts={"reason": "50 % of the rows are bad"},
    )
    verdict(root, "item2vec", "v1", "promote", 0.05, "2", "better than the champion")
    time.sleep(0.01)
    verdict(root, "item2vec", "v2", "hold", -0.2, "3", f"worse than the champion {EVIL}")
    probe = {
        "recall": 0.997,
        "p50_ms": 0.05,
        "p99_ms": 0.2,
        "bytes": 12345,
        "queries": 100,
        "queries_per_s": 1.0,
        "bytes_per_vector": 10.0,
    }
    folder(
        root,
        "generations",
        "item2vec",
        "gen2",
        facts={
            "day": "2026-11-20",
            "version": "2",
            "dimension": 8,
            "factory": "Flat",
            "probe": probe,
        },
        counts={"items": 40, "users": 90, "cold_items": 0, "left_out_items": 0},
        lineage={"settings": {"minimum_recall": 0.98}},
    )
    event = {
        "event": "go_live",
        "from": None,
        "to": "gen2",
        "fence": 1,
        "at": time.time(),
        "by": "schedule",
        "why": "published",
    }
    place = folder(root, "audit", "item2vec", "20261120T000000Z-1", facts=event)
    (place / "event.json").write_text(json.dumps(event))
    (root / "audit" / "item2vec" / "promote-v1.json").write_text(
        json.dumps(
            {
                "name": "promote-v1",
                "action": "promote",
                "family": "item2vec",
                "from": "1",
                "to": "2",
                "by": "run 1",
                "why": "better than the champion",
                "when": "2026-11-20T01:00:00.000000Z",
                "origin": {
                    "run_id": "run 1",
                    "url": "http://127.0.0.1/dags/train_item2vec/runs/run%201",
                },
            }
        )
    )
    (root / "audit" / "item2vec" / "broken.json").write_text("{half")
    return root
