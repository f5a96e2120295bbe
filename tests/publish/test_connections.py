"""TLS, ACL users and clusters: what is set wrongly says what to set, and never the password."""

import pytest

from tasks.core.connection import connect
from tasks.core.errors import BadRequest
from tasks.core.keys import Names
from tasks.publish.claims import live
from tasks.publish.load import load
from tasks.publish.settings import LoadRequest
from tests import generations
from tests.publish.planted import WORLD
from tests.servers_valkey import KINDS

ONE, TLS, CLUSTER = KINDS


def reader_of(place):
    return place.reader_url


@pytest.mark.parametrize("kind, url, says", [
    (ONE, lambda place: f"{place.url}?cluster=true", "is no cluster.*leave that out"),
    (CLUSTER, lambda place: place.url.partition("?")[0], r"is a node of a cluster.*\?cluster=true"),
    (CLUSTER, lambda place: place.url.replace("correct-horse", "hunter2"), "refused the user or the password"),
    (TLS, lambda place: place.url.partition("?")[0], "not trusted.*ssl_ca_certs"),
    (TLS, lambda place: place.url.replace("publisher-secret", "hunter2"), "refused the user or the password"),
    (TLS, reader_of, "does not let this user do that")])
def test_what_is_set_wrongly_is_told_with_its_remedy(root, places, monkeypatch, kind, url, says):
    place = places(kind)
    monkeypatch.setenv("RECALL_REDIS_URL", url(place))
    made = generations.generation(root, WORLD)
    with pytest.raises(BadRequest, match=says) as refusal:
        load(LoadRequest(store=root, generation=made["uri"]))
    assert not any(secret in str(refusal.value) for secret in ("hunter2", "-secret", "correct-horse"))
    assert live(place.client(), Names("item2vec")).get("generation") != made["id"]


def test_tls_may_be_asked_for_as_airflow_writes_it(places):
    url = places(TLS).url
    assert connect(url.replace("rediss://", "redis://") + "&ssl=true").ping()
