"""TLS in front of a plain server on the loopback, with a certificate of its own authority: the
server's binary has none built in.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@contextlib.contextmanager
def tls_in_front_of(port: int, folder: Path) -> Iterator[tuple[int, Path]]:
    """Pass on what comes in encrypted, in a process of its own; yields the port that takes it and
    the certificate to trust.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.tls", str(port), str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield int(process.stdout.readline()), folder / "ca.pem"
    finally:
        process.kill()
        process.wait()


async def serve(port: int, folder: Path) -> None:
    """Take encrypted connections on a free port, which is printed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*reversed(_certificate(folder)))
    async with await asyncio.start_server(
        lambda *ends: _pass_on(port, *ends), "127.0.0.1", 0, ssl=context
    ) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


async def _pass_on(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    plain_reader, plain_writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(OSError):
        await asyncio.gather(_copy(reader, plain_writer), _copy(plain_reader, writer))


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(1 << 16):
            sink.write(data)
            await sink.drain()
    finally:
        sink.close()


def _certificate(folder: Path) -> tuple[Path, Path]:
    key, name, now = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "recall test")]),
        datetime.datetime.now(datetime.UTC),
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    (folder / "ca.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return folder / "key.pem", folder / "ca.pem"


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
