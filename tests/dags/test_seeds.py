"""Several seeds of one recipe: the same request but for the seed, and all of them before the
judge.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tasks.core.cli.request import parse


def context(seeds, item: int | None = None) -> dict:
    results = {
        "fit": {"uri": "file:///c/1", "snapshot": "file:///s", "run": "r", "version": "1"},
        "seeds": seeds,
    }
    return {
        "ti": SimpleNamespace(xcom_pull=lambda task_ids: results[task_ids]),
        "task": SimpleNamespace(item=item),
    }


@pytest.mark.parametrize(
    "left, seeds",
    [
        (None, ()),
        ([], ()),
        ({"uri": "file:///c/2"}, ("file:///c/2",)),
        ([{"uri": "file:///c/2"}, {"uri": "file:///c/3"}], ("file:///c/2", "file:///c/3")),
    ],
)
def test_the_judge_is_given_every_training_of_the_run(bag, left, seeds):
    from recall.requests import promotion
    from tasks.evaluate.settings import JudgeRequest

    judge_request = parse(JudgeRequest, promotion.evaluate(context(left)))
    assert (judge_request.candidate, judge_request.seeds) == ("file:///c/1", seeds)


def test_a_further_training_differs_by_its_seed_and_is_not_registered(bag):
    from recall.requests import seeds

    request = seeds.request_for_seed(lambda context: {"settings": {"window": 4}, "seed": 7})(
        context(None, item=2)
    )
    assert request == {"settings": {"window": 4}, "seed": 9, "track": False}
    assert seeds.further.function("3") == [1, 2] and seeds.further.function(1) == []


def test_a_single_seed_does_not_keep_the_judge_waiting(bag):
    for family, before in (("item2vec", {"graph"}), ("gru4rec", set())):
        dag = bag.dags[f"train_{family}"]
        assert dag.get_task("evaluate").trigger_rule == "none_failed_min_one_success"
        assert dag.get_task("evaluate").upstream_task_ids == {"fit", "seeds"}
        assert dag.get_task("seeds").upstream_task_ids == {"further"} | before
