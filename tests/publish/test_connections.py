"""TLS, ACL users and clusters: what is set wrongly says what to set, and never the password."""

import socketserver
import tempfile
import threading
from pathlib import Path
from urllib.parse import unquote

import pytest
import redis

from tasks.core.cli.errors import BadRequest, Unreachable
from tasks.core.serving.redis_client import connect, redis_errors
from tasks.core.serving.redis_keys import FamilyKeys
from tasks.publish.load.claims import read_pointer
from tasks.publish.load.load import load
from tasks.publish.settings import LoadRequest
from tasks.retrieve import Reader
from tests import generations
from tests.publish.planted import WORLD
from tests.servers_valkey import KINDS
from tests.valkeys import PASSWORD, valkey_server

ONE, TLS, CLUSTER = KINDS


def reader_of(place):
    return place.reader_url


@pytest.mark.parametrize(
    "kind, url, says",
    [
        (ONE, lambda place: f"{place.url}?cluster=true", "is no cluster.*leave that out"),
        (
            CLUSTER,
            lambda place: place.url.partition("?")[0],
            r"is a node of a cluster.*\?cluster=true",
        ),
        (
            CLUSTER,
            lambda place: place.url.replace("correct-horse", "hunter2"),
            "refused the user or the password",
        ),
        (TLS, lambda place: place.url.partition("?")[0], "not trusted.*ssl_ca_certs"),
        (
            TLS,
            lambda place: place.url.replace("publisher-secret", "hunter2"),
            "refused the user or the password",
        ),
        (TLS, reader_of, "does not let this user do that"),
    ],
)
def test_what_is_set_wrongly_is_told_with_its_remedy(root, places, monkeypatch, kind, url, says):
    place = places(kind)
    monkeypatch.setenv("RECALL_REDIS_URL", url(place))
    made = generations.generation(root, WORLD)
    with pytest.raises(BadRequest, match=says) as refusal:
        load(LoadRequest(store=root, generation=made["uri"]))
    assert not any(
        secret in str(refusal.value) for secret in ("hunter2", "-secret", "correct-horse")
    )
    assert read_pointer(place.client(), FamilyKeys("item2vec")).get("generation") != made["id"]


def test_tls_may_be_asked_for_as_airflow_writes_it(places):
    url = places(TLS).url
    assert connect(url.replace("rediss://", "redis://") + "&ssl=true").ping()


@pytest.fixture
def sockets():
    """A server and the path of its socket, in a folder of a short name: a socket's path has 107
    bytes at most.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        valkey_server(Path(folder) / "s", PASSWORD, "--unixsocket", f"{folder}/a.sock") as running,
    ):
        yield running, f"{folder}/a.sock"


@pytest.mark.parametrize("query", ["", "?db=1"])
def test_a_socket_is_a_server_as_any_other(root, sockets, monkeypatch, query):
    _, path = sockets
    monkeypatch.setenv("RECALL_REDIS_URL", f"unix://default:{PASSWORD}@{path}{query}")
    made = generations.publish(root, generations.generation(root, WORLD))
    assert Reader(store=root).generations() == {"item2vec": made["id"]}
    assert redis.Redis(unix_socket_path=path, password=PASSWORD, db=1 if query else 0).dbsize() > 0


def test_a_socket_that_is_not_there_may_come(tmp_path):
    with (
        pytest.raises(Unreachable, match=r"no.sock, database 0 does not answer"),
        redis_errors(client := connect(f"unix://{tmp_path}/no.sock", retries=0)),
    ):
        client.ping()


@pytest.mark.parametrize(
    "option", ["decode_responses=true", "encoding=latin-1", "nonsense=1", "protocol=3"]
)
def test_publisher_and_reader_refuse_an_option_alike(root, shared_server, monkeypatch, option):
    made = generations.generation(root, WORLD)
    monkeypatch.setenv("RECALL_REDIS_URL", f"{shared_server.url}?{option}")
    for ask in (
        lambda: load(LoadRequest(store=root, generation=made["uri"])),
        lambda: Reader(store=root),
    ):
        with pytest.raises(BadRequest, match=option.partition("=")[0]) as refusal:
            ask()
        assert PASSWORD not in str(refusal.value)


@pytest.mark.parametrize("way", ["/99", "?db=99"])
def test_a_database_that_the_server_does_not_have_is_named(shared_server, way):
    with (
        pytest.raises(
            BadRequest, match=r"127.0.0.1:\d+/99 has no database of this number.*name a lower one"
        ) as refusal,
        redis_errors(client := connect(shared_server.url.removesuffix("/0") + way)),
    ):
        client.ping()
    assert PASSWORD not in str(refusal.value)


@pytest.mark.parametrize("login", ["", ":hunter2@", "nobody:hunter2@", f"nobody:{PASSWORD}@"])
def test_a_wrong_login_is_one_sentence(shared_server, login):
    with (
        pytest.raises(
            BadRequest, match="refused the user or the password; remedy: correct them"
        ) as refusal,
        redis_errors(client := connect(f"redis://{login}127.0.0.1:{shared_server.port}")),
    ):
        client.ping()
    assert (
        "hunter2" not in str(refusal.value)
        and PASSWORD not in str(refusal.value)
        and refusal.value.__suppress_context__
    )


def test_a_password_where_the_server_has_none_is_one_sentence(tmp_path):
    with valkey_server(tmp_path) as running:
        redis.Redis.from_url(running.url).config_set("requirepass", "")
        with (
            pytest.raises(BadRequest, match="refused the user or the password"),
            redis_errors(client := connect(f"redis://nobody:x@127.0.0.1:{running.port}")),
        ):
            client.ping()


@pytest.mark.parametrize("password", ["a[b]", "a@b", "50%", "a%2Fb%3F%23", "%C3%BC"])
def test_odd_passwords_reach_the_server_as_they_are(tmp_path, password):
    with valkey_server(tmp_path) as running:
        redis.Redis.from_url(running.url).config_set("requirepass", unquote(password))
        assert connect(f"redis://:{password}@127.0.0.1:{running.port}").ping()


@pytest.mark.parametrize("content", [None, "no certificate"])
@pytest.mark.parametrize(
    "option", ["ssl_ca_certs={}", "ssl_certfile={}", "ssl_certfile={0}&ssl_keyfile={0}"]
)
def test_a_certificate_that_cannot_be_read_is_told_before_anything_is_asked(
    tmp_path, content, option
):
    if content:
        (tmp_path / "ca.pem").write_text(content)
    with pytest.raises(
        BadRequest, match=r"no certificate can be read.*ca.pem.*correct the path"
    ) as refusal:
        connect(f"rediss://:hunter2@h?{option.format(tmp_path / 'ca.pem')}")
    assert "hunter2" not in str(refusal.value)


class Page(socketserver.BaseRequestHandler):
    """What a web server says to words that it does not understand."""

    def handle(self):
        self.request.recv(1024)
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        self.request.recv(1024)


@pytest.mark.parametrize(
    "scheme, says",
    [
        ("rediss", "does not speak TLS.*write redis://"),
        ("redis", "is not Redis.*correct host and port"),
    ],
)
def test_what_does_not_speak_tls_or_redis_is_told(scheme, says):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Page) as other:
        other.daemon_threads = True
        threading.Thread(target=other.serve_forever, daemon=True).start()
        with (
            pytest.raises(BadRequest, match=says),
            redis_errors(
                client := connect(f"{scheme}://127.0.0.1:{other.server_address[1]}", retries=0)
            ),
        ):
            client.ping()
        other.shutdown()
