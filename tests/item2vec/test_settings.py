"""Requests that cannot be meant are refused before anything is read."""

from __future__ import annotations

import json

import pytest

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.request import parse
from tasks.item2vec.settings import FitRequest


@pytest.mark.parametrize(
    "settings, message",
    [
        ('{"negative_exponent": NaN}', "negative_exponent: got NaN, expected a number"),
        ('{"popularity": -1}', "popularity: got -1"),
        ('{"walk_length": 1}', "walk_length: got 1"),
        ('{"decoder": "best"}', "decoder: got 'best', expected one of 'auto'"),
        ('{"trainer": "glove"}', "trainer: got 'glove'"),
        ('{"minimum_count": 0}', "minimum_count: got 0"),
        ('{"windows": 4}', "windows"),
    ],
)
def test_bad_settings_say_what_was_received_and_what_is_allowed(settings, message):
    with pytest.raises(BadRequest, match=message):
        parse(
            FitRequest,
            json.loads(f'{{"store": "file:///x", "graph": "file:///g", "settings": {settings}}}'),
        )
