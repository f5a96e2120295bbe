"""The last lines of `make run`: what was decided and why, what is live, and what it looks like to a
person.
"""

from __future__ import annotations

import subprocess

from infra.environments.names import ROOT, python
from infra.local.airflow_api import Airflow
from infra.local.state import Local, outer_environment
from infra.local.watch import Followed

METRICS = (
    ("recall_50", "recall@50"),
    ("ndcg_10", "NDCG@10"),
    ("hr_10", "hit rate@10"),
    ("similar_hr_10", "similar hr@10"),
)


def table(header: list[str], rows: list[list[str]]) -> str:
    """Columns as wide as their widest cell; numbers to the right."""
    cells = [header, *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]

    def line(row: list[str]) -> str:
        return "  ".join(
            cell.rjust(w) if _number(cell) else cell.ljust(w)
            for cell, w in zip(row, widths, strict=True)
        ).rstrip()

    return "\n".join([line(header), "  ".join("─" * w for w in widths), *map(line, rows)])


def _number(cell: str) -> bool:
    return cell == "-" or cell.replace(".", "").replace(",", "").isdigit()


ELSEWHERE = {
    "superseded": "superseded by or the same as those of another delivery",
    "later": "of days to come",
}


def describe_repeats(accounts: dict) -> str:
    """The number of kept rows that repeat another, and what follows; empty where none does."""
    if not accounts.get("repeats"):
        return ""
    again = "may be" if accounts["recommend_seen"] else "is not"
    return (
        f"  {accounts['repeats']:,} of the kept rows repeat another; what was met {again} "
        f"recommended again: {accounts['recommend_seen_because']}"
    )


def elsewhere(accounts: dict) -> str:
    """The rows that were neither kept nor quarantined, by reason."""
    return "".join(
        f"{accounts[name]:,} {text}, " for name, text in ELSEWHERE.items() if accounts[name]
    )


class Report:
    """Gathers what the tasks returned, from Airflow."""

    def __init__(self, airflow: Airflow, followed: dict[str, Followed]) -> None:
        self.airflow, self.followed = airflow, followed
        self.families = [dag.removeprefix("train_") for dag in followed if dag.startswith("train_")]

    def result(self, dag: str, task: str) -> dict:
        one = self.followed[dag]
        return (self.airflow.result(dag, one.run, task) if one.run else None) or {}

    def skipped(self, family: str) -> str | None:
        """Why the training of a family was skipped, where it says so itself."""
        one = self.followed[f"train_{family}"]
        return self.airflow.result(one.dag, one.run, "fit", "skipped") if one.run else None

    def ingest(self) -> str:
        got = self.result("ingest", "snapshot")
        reasons = (
            ", ".join(f"{n} {reason}" for reason, n in got.get("reasons", {}).items()) or "none"
        )
        lines = [
            f"Snapshot {got['id']} of {got['day']}: {got['rows_in']:,} rows read, "
            f"{got['kept']:,} kept, "
            f"{elsewhere(got)}{got['quarantined']:,} in quarantine ({reasons}); "
            f"{got['users']:,} users, {got['items']:,} items",
            *filter(None, [describe_repeats(got), got.get("split") and f"  {got['split']}"]),
            *(f"  warning: {text}" for text in got["warnings"]),
            *(f"  note: {text}" for text in got.get("notes", [])),
            f"  report: {got['report']}",
        ]
        return "\n".join(lines)

    def models(self) -> str:
        """Family by family: how good, what was decided, why, what is live."""
        rows, reasons = [], []
        for family in self.families:
            gate, live = (
                self.result(f"train_{family}", "gate"),
                self.result(f"publish_{family}", "go_live"),
            )
            load = self.result(f"publish_{family}", "load")
            if not gate:
                rows.append([family, "-", "not trained", *["-"] * (len(METRICS) + 3)])
                continue
            for name in filter(None, ("challenger", "champion", gate["best_member"], "popularity")):
                metrics = gate["metrics"].get(name)
                figures = [
                    "-" if (value := (metrics or {}).get(key)) is None else f"{value:.4f}"
                    for key, _ in METRICS
                ]
                own = (
                    [family, str(gate["version"] or "-"), gate["outcome"], name]
                    if name == "challenger"
                    else ["", "", "", name]
                )
                there = [
                    live.get("generation", "-"),
                    f"{load.get('items', 0) + load.get('users', 0):,}" if load else "-",
                ]
                rows.append(own + figures + (there if name == "challenger" else ["", ""]))
            reasons.append(f"{family}: {gate['outcome']} ({gate['question']}): {gate['reason']}")
        header = [
            "family",
            "version",
            "verdict",
            "on the same users",
            *(title for _, title in METRICS),
            "generation live",
            "vectors in Redis",
        ]
        return table(header, rows) + "\n\n" + "\n".join(reasons)

    def seconds(self) -> str:
        """Seconds of each task, by DAG."""
        return "\n".join(
            f"  {dag:18} "
            + "  ".join(
                f"{name} {task['duration'] or 0:.0f}"
                for name, task in sorted(
                    one.tasks.items(), key=lambda item: item[1]["start_date"] or "9"
                )
                if task["state"] == "success"
            )
            for dag, one in self.followed.items()
            if one.run
        )


def not_live(family: str, gate: dict, skipped: str | None = None) -> str:
    """Why nothing of a family is served, and what to do.

    Args:
        gate: what the gate returned; empty where the family was not trained.
        skipped: why it was not, where the training says so itself.
    """
    if not gate:
        return (
            f"{family} is not live: nothing was trained, because "
            f"{skipped or 'no family it is made of has a new champion'}. Next: nothing, it follows "
            f"the families it is made of; or trigger train_{family} in Airflow"
        )
    if gate["outcome"] == "ask":
        return (
            f"{family} is not live: a person is asked: {gate['reason']}. Next: approve or "
            f"reject it under Required Actions in Airflow; "
            "nobody's answer within 12 hours is a hold"
        )
    if gate["outcome"] == "hold":
        return (
            f"{family} is not live: the gate holds it: {gate['reason']}. Next: its verdict, "
            f"every figure, is in MLflow; change settings and trigger "
            f"train_{family}, or trigger overrule to put it live all the same"
        )
    return (
        f"{family} is not live, though the gate promotes it: {gate['reason']}. Next: look "
        f"at the newest run of publish_{family} in Airflow"
    )


def ask(local: Local, *arguments: str) -> tuple[int, str]:
    """The reader's exit code and what it prints."""
    environment = outer_environment() | local.reader_environment()
    done = subprocess.run(
        [str(python("serve")), "-m", "tasks.retrieve", *arguments],
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.returncode, done.stdout.rstrip()


def show(local: Local, *arguments: str) -> str:
    """The reader's output; ends with it when it refuses."""
    code, text = ask(local, *arguments)
    if code:
        raise SystemExit(f"local: the reader ended with {code}:\n{text}")
    return text
