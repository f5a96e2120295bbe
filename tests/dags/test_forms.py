"""The forms tell the truth about the stages: same defaults, same bounds, same choices."""

from __future__ import annotations

import dataclasses
import importlib
from typing import Literal, get_args, get_origin, get_type_hints

import pytest

FORMS = [("item2vec", "Settings", "ITEM2VEC"), ("graph", "BuildRequest", "GRAPH"), ("gru4rec", "Settings", "GRU4REC"),
         ("ingest", "SnapshotRequest", "INGEST")]


def pairs():
    """Every parameter of a form beside the field of the stage's settings that it fills."""
    from recall import forms

    for stage, kind, name in FORMS:
        settings = getattr(importlib.import_module(f"tasks.{stage}.settings"), kind)
        for field, param in getattr(forms, name).items():
            yield pytest.param(settings, field, param, id=f"{stage}.{field}")


@pytest.mark.parametrize("settings, name, param", pairs())
def test_a_parameter_has_the_default_bounds_and_choices_of_its_setting(settings, name, param):
    field = {field.name: field for field in dataclasses.fields(settings)}[name]
    hint = get_type_hints(settings)[name]
    assert param.value == field.default or (param.value is None and field.default is None)
    if get_origin(hint) is Literal:
        assert set(param.schema["enum"]) == set(get_args(hint))
    else:
        assert (param.schema.get("minimum"), param.schema.get("maximum")) == (field.metadata["minimum"], field.metadata["maximum"])


def test_every_parameter_has_a_section_a_title_and_a_text(bag):
    for dag in bag.dags.values():
        for name in dag.params:
            param = dag.params.get_param(name)
            assert param.schema.get("section") and param.schema.get("title") and param.description or param.schema.get("description_md"), (dag.dag_id, name)


def test_the_splits_of_the_form_are_ingestions_own():
    from recall import forms
    from tasks.ingest.settings import Split

    form, hints, fields = forms.ingest(), get_type_hints(Split), {f.name: f for f in dataclasses.fields(Split)}
    assert set(form["split_method"].schema["enum"]) <= set(get_args(hints["method"]))
    assert form["test_rows"].value == fields["test"].default and form["validation_rows"].value == fields["validation"].default
