"""Sending all buckets of a load, in batches, while the claim holds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from tasks.core.cli.errors import Conflict
from tasks.core.cli.log import Progress
from tasks.core.serving.redis_keys import BUCKET_KINDS
from tasks.publish.load.claims import Claim, delete_keys
from tasks.publish.load.content import Content
from tasks.publish.load.pipeline import BATCHES_IN_FLIGHT, Pipeline, SentBucket
from tasks.publish.load.resp_bytes import encode_commands

LEASE_SECONDS = 24 * 3600  # keys of a load that crashed and that nobody ever swept


def send_buckets(claim: Claim, content: Content, batch_fields: int) -> None:
    """Send all buckets in batches of about `batch_fields` fields, while the claim holds.

    What a loader writes after it was taken over and before it notices is deleted by itself; after a
    crash in that moment, by the next sweep.
    """
    client = claim.client
    sent: deque[list[SentBucket]] = deque(maxlen=BATCHES_IN_FLIGHT + 1)

    def again(one: SentBucket) -> None:
        client.hset(one.key, mapping=content.fields(one.kind, one.rows))
        client.expire(one.key, LEASE_SECONDS)

    with (
        Progress(
            "loading into Redis",
            sum(content.plan[kind]["fields"] for kind in BUCKET_KINDS),
            "fields",
        ) as progress,
        Pipeline(client, again) as channel,
    ):
        try:
            for kind in BUCKET_KINDS:
                for batch in _batches(_buckets(claim, content, kind), batch_fields):
                    claim.check()
                    sent.append(batch)
                    channel.send(batch)
                    progress.add(sum(len(one.rows) for one in batch), kind=kind)
            channel.flush()
        except Conflict:
            channel.flush()
            delete_keys(client, (one.key for batch in sent for one in batch))
            raise


def _buckets(claim: Claim, content: Content, kind: str) -> Iterator[SentBucket]:
    for some in content.buckets(kind):
        named = [(claim.names.bucket(claim.load, kind, number), rows) for number, rows in some]
        for (key, rows), command in zip(
            named, encode_commands(content, kind, named, LEASE_SECONDS), strict=True
        ):
            yield SentBucket(key, command, kind, rows)


def _batches(buckets: Iterator[SentBucket], fields: int) -> Iterator[list[SentBucket]]:
    """Buckets that hold about so many fields together."""
    batch, size = [], 0
    for one in buckets:
        batch.append(one)
        size += len(one.rows)
        if size >= fields:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
