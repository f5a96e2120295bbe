"""What is filled into a form is refused by the form, refused by the stage's request, or arrives at
the stage as it was written.
"""

from __future__ import annotations

import copy
import json
import sys
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.hostile import VALUES, named

ECHO = "import json, sys\nprint(json.dumps({'request': json.loads(sys.argv[2])}))"
DAGS = (
    "ingest",
    "train_item2vec",
    "train_gru4rec",
    "train_two_tower",
    "train_linear",
    "publish_item2vec",
    "overrule",
    "rollback",
    "tune",
)


@pytest.fixture(scope="module")
def texts(bag):
    """The fields of every form that take a text a person writes: DAG → names."""
    kinds = {
        dag: {name: bag.dags[dag].params.get_param(name) for name in bag.dags[dag].params}
        for dag in DAGS
    }
    return {
        dag: [
            name
            for name, param in params.items()
            if "string" in str(param.schema.get("type")) and not param.schema.get("enum")
        ]
        for dag, params in kinds.items()
    }


@pytest.fixture
def echo(tmp_path, monkeypatch):
    """Hands a request over to a stage, as a task does; what the stage has read."""
    from recall.operators import stage_operator

    (tmp_path / "tasks" / "planted").mkdir(parents=True)
    (tmp_path / "tasks" / "__init__.py").write_text("")
    (tmp_path / "tasks" / "planted" / "__main__.py").write_text(ECHO)
    monkeypatch.setattr(stage_operator, "ROOT", tmp_path)
    monkeypatch.setattr(stage_operator, "interpreter", lambda stage: sys.executable)

    def hand_over(request: dict) -> dict:
        task = stage_operator.stage(
            "planted", "planted", "echo", lambda context: request, policy={}
        )
        task.render_template_fields({})
        return task.execute({})["request"]

    return hand_over


def test_there_are_fields_to_write_into(texts):
    assert sum(map(len, texts.values())) >= 20 and {"why", "version"} <= set(texts["overrule"])


@pytest.mark.parametrize("value", VALUES, ids=named)
def test_a_text_is_refused_by_its_form_or_reaches_the_stage_unharmed(filled, texts, echo, value):
    taken = []
    for dag, names in texts.items():
        required = {"why": "a reason"} if "why" in names else {}
        for name in names:
            try:
                params = filled(dag, **(required | {name: value}))
            except ValueError:  # the form says no
                continue
            assert params[name] == value
            taken.append(f"{dag}.{name}")
    request = {"fields": taken, "value": value}
    if len(value) > 50_000:
        with pytest.raises(AirflowFailException, match="expected at most 100000"):
            echo(request)
        return
    assert echo(request) == request


def refused_by_form(filled, dag: str, **given) -> bool:
    try:
        filled(dag, **given)
    except ValueError:
        return True
    return False


@pytest.mark.parametrize(
    "dag, name",
    [
        ("ingest", "day"),
        ("ingest", "liked"),
        ("train_gru4rec", "day"),
        ("publish_item2vec", "factory"),
        ("publish_item2vec", "search"),
        ("overrule", "version"),
    ],
)
def test_a_field_with_a_form_of_its_own_takes_nothing_else(filled, dag, name):
    import re

    from recall.forms import params

    odd = [value for value in VALUES if not re.fullmatch(r"[A-Za-z0-9_,=]*", value)]
    more = {"why": "a reason"} if dag.startswith("overrule") else {}
    assert (
        params.DAY
        and len(odd) > 90
        and all(refused_by_form(filled, dag, **{name: value}, **more) for value in odd)
    )


@pytest.mark.parametrize(
    "dag, name",
    [
        ("train_gru4rec", "encoder"),
        ("rollback", "family"),
        ("ingest", "format"),
        ("overrule", "action"),
        ("overrule", "family"),
        ("tune", "family"),
    ],
)
def test_a_choice_takes_none_of_them(filled, dag, name):
    more = {"why": "a reason"} if dag.startswith(("overrule", "rollback")) else {}
    assert all(refused_by_form(filled, dag, **{name: value}, **more) for value in VALUES)


@pytest.mark.parametrize(
    "dag, name",
    [
        ("train_gru4rec", "seed"),
        ("train_item2vec", "dimension"),
        ("ingest", "split_test"),
        ("publish_item2vec", "top"),
    ],
)
def test_a_number_takes_no_text_and_no_number_out_of_bounds(filled, dag, name):
    assert all(
        refused_by_form(filled, dag, **{name: value})
        for value in [*VALUES, -1, 10**30, 1.5, [1], {"a": 1}]
    )


def test_what_airflow_would_take_for_a_template_is_a_text(bag):
    """A form's value is rendered nowhere: the request is built by a function, and what it returns
    is not looked at again.
    """
    from recall.requests import publication

    params = {
        "family": "item2vec",
        "generation": "{{ conn.recall_redis.password }}",
        "why": "{{ 7 * 7 }}",
    }
    context = {
        "params": params,
        "dag_run": SimpleNamespace(run_id="r", triggering_user_name="{{ 1 }}"),
        "ti": SimpleNamespace(dag_id="rollback", task_id="pointer"),
    }
    task = copy.copy(bag.dags["rollback"].get_task("pointer"))
    task.render_template_fields(context)
    assert (
        task.request["to"] == params["generation"]
        and task.request["why"] == params["why"]
        and task.request["by"] == "{{ 1 }}"
    )
    assert json.loads(json.dumps(publication.rollback_pointer(context))) == task.request
