import pytest

from tests.servers_valkey import anywhere, places, server, shared_server  # noqa: F401


@pytest.fixture
def root(tmp_path):
    return (tmp_path / "store").as_uri()


@pytest.fixture
def client(anywhere):  # noqa: F811
    return anywhere.client()
