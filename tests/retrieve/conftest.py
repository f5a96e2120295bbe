from tests.servers_valkey import anywhere, places, server, shared_server  # noqa: F401
