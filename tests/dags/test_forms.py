"""The forms tell the truth about the stages: same defaults, same bounds, same choices."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
from typing import Literal, get_args, get_origin, get_type_hints

import pytest

FORMS = [
    ("index", "BuildRequest", "forms.operations", "INDEX"),
    ("index", "BundleRequest", "forms.operations", "BUNDLE"),
    ("publish", "LoadRequest", "forms.operations", "LOAD"),
    ("item2vec", "Settings", "forms.training", "ITEM2VEC"),
    ("graph", "BuildRequest", "forms.training", "GRAPH"),
    ("gru4rec", "Settings", "forms.training", "GRU4REC"),
    ("two_tower", "Settings", "forms.training", "TWO_TOWER"),
    ("linear", "Settings", "forms.training", "LINEAR"),
    ("fused", "Settings", "forms.training", "FUSED"),
    ("ingest", "SnapshotRequest", "forms.ingest", "PLAIN"),
]


def pairs():
    """Every parameter of a form beside the field of the stage's settings that it fills."""
    from recall.forms import ingest

    for stage, kind, module, name in FORMS:
        settings = getattr(importlib.import_module(f"tasks.{stage}.settings"), kind)
        for field, param in getattr(importlib.import_module(f"recall.{module}"), name).items():
            yield pytest.param(settings, field, param, id=f"{stage}.{field}")
    for setting, fields in ingest.NESTED.items():
        for field, param in fields.items():
            yield pytest.param(
                get_type_hints(settings)[setting], field, param, id=f"ingest.{setting}.{field}"
            )


@pytest.mark.parametrize("settings, name, param", pairs())
def test_a_parameter_has_the_default_bounds_and_choices_of_its_setting(settings, name, param):
    field = {field.name: field for field in dataclasses.fields(settings)}[name]
    hint = get_type_hints(settings)[name]
    assert param.value in (field.default, None), "empty is left to the stage"
    if get_origin(hint) is Literal:
        assert set(param.schema["enum"]) - {None} == set(get_args(hint))
    else:
        assert (param.schema.get("minimum"), param.schema.get("maximum")) == (
            field.metadata["minimum"],
            field.metadata["maximum"],
        )


def test_the_form_of_ingestion_offers_all_of_the_settings_that_a_person_may_change():
    from recall.forms import ingest
    from tasks.ingest.settings import SnapshotRequest

    elsewhere = {"store", "dataset", "day", "spark", "waits"}
    assert {field.name for field in dataclasses.fields(SnapshotRequest)} - elsewhere == {
        *ingest.PLAIN,
        *ingest.NESTED,
    }
    for setting, fields in ingest.NESTED.items():
        assert {
            field.name for field in dataclasses.fields(get_type_hints(SnapshotRequest)[setting])
        } == fields.keys()


def test_every_setting_with_a_title_is_in_a_form_and_every_form_s_has_all_its_texts():
    from recall.forms import ingest
    from recall.forms.stage_settings import SETTINGS

    offered = [
        *(getattr(importlib.import_module(f"recall.{module}"), name) for *_, module, name in FORMS),
        *ingest.NESTED.values(),
    ]
    named = {name for params in offered for name in params} | {"trials", "space", "repaired"}
    for stage, dataclasses_of_stage in SETTINGS.items():
        for dataclass, settings in dataclasses_of_stage.items():
            assert settings.keys() <= named, (stage, dataclass)
            for name, facts in settings.items():
                assert facts["title"] and facts["section"] and facts["description"], (stage, name)


@pytest.mark.parametrize(
    "rule, taken",
    [
        ("any", True),
        (">= 4", True),
        ("> 7", True),
        (">6.5", True),
        ("> mean", True),
        ("> user mean", True),
        ("4", False),
        ("< 4", False),
        ("> median", False),
    ],
)
def test_form_and_stage_take_the_same_rules_for_what_is_liked(filled, rule, taken):
    from tasks.core.cli.errors import BadRequest
    from tasks.core.cli.request import parse
    from tasks.ingest.settings import SnapshotRequest

    def stage():
        parse(
            SnapshotRequest,
            {"store": "file:///s", "location": "/d", "day": "1998-04-15", "liked": rule},
        )

    for ask in (stage, lambda: filled("ingest", liked=rule)):
        with contextlib.nullcontext() if taken else pytest.raises((BadRequest, ValueError)):
            ask()


def test_every_parameter_has_a_section_a_title_and_a_text(bag):
    for dag in bag.dags.values():
        for name in dag.params:
            param = dag.params.get_param(name)
            assert (
                param.schema.get("section") and param.schema.get("title") and param.description
            ) or param.schema.get("description_md"), (dag.dag_id, name)


def test_no_form_is_blocked_by_a_text_that_may_be_left_empty(bag):
    """Airflow's page takes an empty text for a missing one, unless null is allowed: such a form
    could not be sent.
    """
    for dag in bag.dags.values():
        for name in dag.params:
            assert dag.params.get_param(name).value != "", (dag.dag_id, name)
