from tests.servers_valkey import server, shared_server  # noqa: F401
