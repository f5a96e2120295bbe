"""One bad document in the store is a line that says so: every route answers, everything else is
shown, and nothing outside the store is.
"""

from __future__ import annotations

import json
import os
import resource

import pytest

ROUTES = ("api/models", "api/data", "metrics")
GOOD = {
    "schema": 1,
    "kind": "x",
    "id": "x",
    "created": 1_790_000_000,
    "files": {},
    "counts": {},
    "facts": {},
    "lineage": {},
}
BAD = {
    "no facts": {"created": 1_790_000_000},
    "facts are a list": GOOD | {"facts": [1]},
    "created is a word": GOOD | {"created": "soon"},
    "created in the year 10^9": GOOD | {"created": 1e300},
    "not a number": '{"created": NaN, "facts": {"at": Infinity, "reason": NaN}, "counts": {}}',
    "infinite": '{"created": 1e999, "facts": {}}',
    "deep": "[" * 100_000,
    "deep object": '{"facts":' * 900 + "1" + "}" * 900,
    "half": "{half",
    "a list": "[1]",
    "a lone surrogate": '{"created": 1790000000, "facts": {"reason": "\\ud800", "outcome": '
    '"hold", "why": "\\udfff"}}',
    "empty": "",
    "no text": b"\xff\xfe\x00",
    "long": GOOD | {"facts": {"reason": "x" * 10_000_000}},
    "a thousand digits": '{"created": ' + "9" * 5000 + "}",
}


def write(path, content) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        content
        if isinstance(content, bytes)
        else (content if isinstance(content, str) else json.dumps(content)).encode()
    )


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_document_of_any_kind_takes_nothing_else_down(client, store, kind):
    """The newest verdict, snapshot, refusal, generation, decision and quarantine are what they
    should not be.
    """
    root = store
    for place in (
        "verdicts/item2vec/v9/manifest.json",
        "verdicts/item2vec/v9/verdict.json",
        "snapshots/planted/2026-11-22/snap22/manifest.json",
        "refused/planted/2026-11-22/bad9/manifest.json",
        "audit/item2vec/20261122T000000Z-1/manifest.json",
        "audit/item2vec/promote-v9.json",
        "quarantine/planted/2026-11-20/snap20/summary.json",
    ):
        write(root / place, BAD[kind])
    write(root / "audit/item2vec/wrong.json", {"when": "2026-11-22T01:00:00Z"})
    write(root / "audit/item2vec/when.json", {"when": 5, "action": "promote"})
    for name in (
        "snapshots/planted/zzz/snap/manifest.json",
        "snapshots/planted/2026-99-99/snap/manifest.json",
        "refused/planted/9999/x/manifest.json",
    ):
        write(root / name, GOOD)
    answers = {route: client.get(f"/air/recall/{route}") for route in ROUTES}
    assert {route: answer.status_code for route, answer in answers.items()} == dict.fromkeys(
        ROUTES, 200
    )
    assert all(len(answer.content) < 200_000 for answer in answers.values())
    model, data = answers["api/models"].json()["item2vec"], answers["api/data"].json()
    assert {"v1", "v2"} <= {one["id"] for one in model["verdicts"]} and "gen2" in {
        one["to"] for one in model["decisions"]
    }
    assert {"2026-11-19", "2026-11-20"} <= {one["day"] for one in data["days"]} and "bad1" in {
        one["id"] for one in data["refused"]
    }
    assert not {"zzz", "2026-99-99"} & {one["day"] for one in data["days"]}
    assert any("cannot be understood" in str(one["why"]) for one in model["decisions"]), (
        "the record without its fields is told"
    )
    assert 'recall_up{source="store"} 1' in answers["metrics"].text
    assert client.get("/air/recall/api/verdicts/item2vec/v9").status_code in (404, 200)


def test_links_out_of_the_store_are_not_followed(client, store, tmp_path):
    secret = tmp_path / "passwords.json"
    secret.write_text(
        json.dumps(
            {
                "redis": "s3cr3t",
                "created": 1_790_000_000,
                "facts": {"reason": "s3cr3t"},
                "reason": "s3cr3t",
            }
        )
    )
    for place in (
        "verdicts/item2vec/v2/verdict.html",
        "verdicts/item2vec/v2/verdict.json",
        "snapshots/planted/2026-11-20/snap20/report.html",
        "refused/planted/2026-11-21/bad1/manifest.json",
        "quarantine/planted/2026-11-20/snap20/summary.json",
    ):
        (store / place).unlink()
        (store / place).symlink_to(secret)
    (store / "verdicts/item2vec/v8").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "verdict.html").write_text("s3cr3t")
    for route in (
        *ROUTES,
        "api/verdicts/item2vec/v2",
        "documents/verdict/item2vec/v2",
        "documents/verdict/item2vec/v8",
        "documents/snapshot/planted/2026-11-20/snap20",
    ):
        answer = client.get(f"/air/recall/{route}")
        assert "s3cr3t" not in answer.text and answer.status_code in (200, 404), route
    assert client.get("/air/recall/documents/verdict/item2vec/v1").status_code == 200


def test_a_page_that_is_too_large_is_not_sent(client, store, monkeypatch):
    monkeypatch.setenv("RECALL_DOCUMENT_MB", "1")
    (store / "verdicts/item2vec/v1/verdict.html").write_text("x" * 2**21)
    answer = client.get("/air/recall/documents/verdict/item2vec/v1")
    assert answer.status_code == 404 and "RECALL_DOCUMENT_MB" in answer.json()["absent"]


@pytest.mark.parametrize(
    "url, kept",
    [
        ("//elsewhere/x", False),
        ("/\\elsewhere", False),
        ("/\t/elsewhere", False),
        ("/a\n", False),
        ("https://a b", False),
        ("javascript:alert(1)", False),
        (7, False),
        ("/dags/x", True),
        ("https://airflow.example/dags/x", True),
    ],
)
def test_a_decision_links_to_pages_alone(client, store, url, kept):
    record = json.loads((store / "audit/item2vec/promote-v1.json").read_text())
    write(
        store / "audit/item2vec/promote-v7.json",
        record | {"origin": {"run_id": "run 1", "url": url}, "why": "linked"},
    )
    answer = client.get("/air/recall/api/models").json()["item2vec"]["decisions"]
    assert [one["page"] for one in answer if one["why"] == "linked"] == [url if kept else None]


def generation(**other) -> dict:
    facts = {
        "day": "2026-11-20",
        "version": "2",
        "dimension": 8,
        "factory": "Flat",
        "probe": {"recall": 1.0, "p50_ms": 0.1, "bytes": 100},
    }
    return (
        GOOD
        | {
            "counts": {"items": 3, "users": 3, "cold_items": 0, "left_out_items": 0},
            "facts": facts | other.pop("facts", {}),
        }
        | other
    )


HUGE = 10**400
GENERATIONS = {
    "counts are words": generation(counts={"items": "abc", "users": "x"}),
    "counts are lists": generation(counts={"items": [1], "users": {}}),
    "counts are a list": generation(counts=[1]),
    "counts are huge": generation(counts={"items": HUGE, "users": HUGE}),
    "counts are true": generation(counts={"items": True}),
    "counts are below nothing": generation(counts={"items": -1}),
    "a day at the end of time": generation(facts={"day": "9999-12-31"}),
    "a day at its beginning": generation(facts={"day": "0001-01-01"}),
    "a day as a week": generation(facts={"day": "2026-W47-4"}),
    "figures are words": generation(
        facts={"probe": {"recall": "nan", "p50_ms": "inf", "bytes": "1e999"}}
    ),
    "figures are a list": generation(facts={"probe": []}),
    "figures are none": generation(facts={"probe": {"recall": None, "p50_ms": 1, "bytes": 1}}),
    "a version of parts": generation(facts={"version": {"a": [1]}}),
    "settings are a list": generation(lineage={"settings": [1]}),
    "lineage is a list": generation(lineage=[]),
    "what is wanted is a word": generation(lineage={"settings": {"minimum_recall": "x"}}),
}


@pytest.mark.parametrize("kind", GENERATIONS)
def test_a_live_generation_that_is_not_what_it_should_be_is_as_if_it_were_gone(client, store, kind):
    write(store / "generations/item2vec/gen2/manifest.json", GENERATIONS[kind])
    assert {
        route: client.get(f"/air/recall/{route}").status_code for route in ROUTES
    } == dict.fromkeys(ROUTES, 200)
    assert client.get("/air/recall/api/models").json()["item2vec"]["generation"] is None
    assert 'recall_up{source="store"} 1' in client.get("/air/recall/metrics").text


@pytest.mark.parametrize(
    "to", [None, {"a": 1}, ["x"], 7, True, "../../etc", "a" * 5000, "a\0b", "gen2\n"], ids=repr
)
def test_a_switch_to_what_is_no_generation_takes_nothing_down(client, store, to):
    write(
        store / "audit/item2vec/20951231T000000Z-9/manifest.json",
        GOOD
        | {
            "facts": {
                "at": 3_900_000_000,
                "event": "go_live",
                "from": None,
                "to": to,
                "by": {"a": 1} if to == 7 else "x",
                "why": "y",
            }
        },
    )
    assert {
        route: client.get(f"/air/recall/{route}").status_code for route in ROUTES
    } == dict.fromkeys(ROUTES, 200)
    assert 'recall_up{source="store"} 1' in client.get("/air/recall/metrics").text


@pytest.mark.parametrize(
    "when", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59+00:00", 7, None, "soon"]
)
def test_a_decision_of_no_time_is_told(client, store, when):
    write(
        store / "audit/item2vec/wrong.json",
        {"when": when, "action": "promote", "from": None, "to": "1", "by": "x", "why": "y"},
    )
    assert any(
        "cannot be understood" in str(one["why"])
        for one in client.get("/air/recall/api/models").json()["item2vec"]["decisions"]
    )


@pytest.mark.parametrize("rows", [HUGE, -1, "x", None, [1], True], ids=lambda rows: str(rows)[:10])
def test_rows_that_are_no_number_take_nothing_down(client, store, rows):
    write(
        store / "snapshots/planted/2026-11-22/snap22/manifest.json",
        GOOD
        | {"counts": {"users": 1, "items": 1}, "facts": {"accounts": {"rows_in": rows, "kept": 1}}},
    )
    write(
        store / "quarantine/planted/2026-11-20/snap20/summary.json",
        {"interactions": {"reason": rows}},
    )
    write(store / "snapshots/planted/9999-12-31/snap/manifest.json", GOOD)
    assert {
        route: client.get(f"/air/recall/{route}").status_code for route in ROUTES
    } == dict.fromkeys(ROUTES, 200)
    assert 'recall_up{source="store"} 1' in client.get("/air/recall/metrics").text


def test_a_document_of_millions_of_values_holds_nobody_up(client, store):
    many = '{"facts": {}, "slices": [' + ",".join(["[]"] * 2_000_000) + "]}"
    for place in (
        "verdicts/item2vec/v9/manifest.json",
        "verdicts/item2vec/v9/verdict.json",
        "audit/item2vec/many.json",
        "snapshots/planted/2026-11-22/snap22/manifest.json",
    ):
        write(store / place, many)
    write(store / "verdicts/item2vec/v2/verdict.json", many)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for route in (*ROUTES, "api/verdicts/item2vec/v2"):
        answer = client.get(f"/air/recall/{route}")
        assert answer.status_code in (200, 404) and len(answer.content) < 200_000
    assert "200,000 values" in client.get("/air/recall/api/verdicts/item2vec/v2").text
    assert (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000
    )  # KiB; made, they would take a few hundred thousand


@pytest.mark.parametrize(
    "place",
    [
        "verdicts/item2vec/v2/verdict.json",
        "verdicts/item2vec/v2/verdict.html",
        "audit/item2vec/promote-v1.json",
        "quarantine/planted/2026-11-20/snap20/summary.json",
        "snapshots/planted/2026-11-20/snap20/manifest.json",
        "generations/item2vec/gen2/manifest.json",
    ],
)
@pytest.mark.parametrize("kind", ["pipe", "circle", "folder", "device"])
def test_what_is_no_file_is_not_waited_for(client, store, place, kind):
    path = store / place
    path.unlink(missing_ok=True)
    {
        "pipe": lambda: os.mkfifo(path),
        "circle": lambda: path.symlink_to(path),
        "folder": path.mkdir,
        "device": lambda: path.symlink_to("/dev/zero"),
    }[kind]()
    for route in (*ROUTES, "api/verdicts/item2vec/v2", "documents/verdict/item2vec/v2"):
        assert client.get(f"/air/recall/{route}").status_code in (200, 404), route


@pytest.mark.parametrize(
    "uri", [7, ["a"], None, "file://[bad", "file:///a\0b", "file:///etc/passwd", "x" * 10_000]
)
def test_a_run_that_names_no_verdict_is_told_as_one_that_is_gone(client, store, uri):
    from recall_console.runs import _verdict

    assert (
        _verdict({"uri": uri, "outcome": "hold"})["outcome"] == "hold"
        and len(_verdict({"uri": uri})["gone"]) <= 200
    )


@pytest.mark.parametrize(
    "name, content",
    [
        ("verdict.json", {}),
        ("verdict.json", {"policy": 1}),
        ("verdict.json", "[]"),
        ("manifest.json", {}),
        ("manifest.json", {"created": {"a": 1}}),
    ],
)
def test_so_is_one_whose_verdict_is_not_what_it_should_be(client, store, name, content):
    from recall_console.runs import _verdict

    gate = {"uri": (store / "verdicts/item2vec/v1").as_uri(), "outcome": "promote"}
    assert "gone" not in _verdict(gate)
    write(store / "verdicts/item2vec/v1" / name, content)
    assert _verdict(gate)["outcome"] == "promote" and "gone" in _verdict(gate)
