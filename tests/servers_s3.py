"""A real S3 API for tests: moto's server, from the environment `s3`, on a free port of the
loopback. Nothing is signed for AWS.
"""

from __future__ import annotations

import contextlib
import dataclasses
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from infra.environments.names import python
from tests.servers import _process, _wait, environment, free_port

SECRET = "correct-horse-battery"


@dataclasses.dataclass
class S3:
    """A running server.

    Attributes:
        url: its endpoint.
        process: ended with `kill()` when a test wants the server to die.
    """

    url: str
    process: subprocess.Popen

    def put(self, key: str, data: bytes = b"") -> None:
        """Store an object at `bucket/key`, or make the bucket `bucket`."""
        self.ask("PUT", f"/{quote(key)}", data)

    def delete(self, key: str) -> None:
        self.ask("DELETE", f"/{quote(key)}")

    def ask(self, method: str, path: str, data: bytes | None = None) -> None:
        """One request; a server that was not told to check keys takes any signature."""
        signed = (
            "AWS4-HMAC-SHA256 Credential=tester/20260101/us-east-1/s3/aws4_request, "
            "SignedHeaders=host, Signature=0"
        )
        headers = {"Content-Type": "application/octet-stream", "Authorization": signed}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        urllib.request.urlopen(request, timeout=20).close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def s3_server(folder: Path, **settings: str) -> Iterator[S3]:
    """An empty object store whose log is in the folder; inside the block the AWS_* variables point
    at it.

    Args:
        settings: further variables of the server, as INITIAL_NO_AUTH_ACTION_COUNT="0" to have it
            check keys.
    """
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [python("s3"), "-m", "moto.server", "-H", "127.0.0.1", "-p", port]
    with _process(command, folder, "moto", settings) as process:
        _wait(
            process,
            folder / "moto.log",
            lambda: urllib.request.urlopen(f"{url}/moto-api/", timeout=2).close(),
        )
        with environment(
            AWS_ENDPOINT_URL=url,
            AWS_ACCESS_KEY_ID="tester",
            AWS_SECRET_ACCESS_KEY=SECRET,
            AWS_REGION="us-east-1",
            AWS_EC2_METADATA_DISABLED="true",
        ):
            yield S3(url, process)
