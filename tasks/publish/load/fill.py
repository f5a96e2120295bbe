"""Sending of the buckets of a load to Redis, in batches, while the claim holds."""

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

LEASE_SECONDS = 24 * 3600  # expiry of the keys of a load that crashed and was never swept


def send_buckets(claim: Claim, content: Content, batch_fields: int) -> None:
    """Send all buckets in batches of about `batch_fields` fields, while the claim holds.

    A loader that was taken over deletes the batches it sent before it noticed; after a crash in
    that moment, the next sweep does.

    Raises:
        Conflict: a newer process has claimed the load.
    """
    client = claim.client
    sent: deque[list[SentBucket]] = deque(maxlen=BATCHES_IN_FLIGHT + 1)

    def send_again(bucket: SentBucket) -> None:
        client.hset(bucket.key, mapping=content.fields(bucket.kind, bucket.rows))
        client.expire(bucket.key, LEASE_SECONDS)

    fields = sum(content.plan[kind]["fields"] for kind in BUCKET_KINDS)
    with (
        Progress("loading into Redis", fields, "fields") as progress,
        Pipeline(client, send_again) as pipeline,
    ):
        try:
            for kind in BUCKET_KINDS:
                for batch in _batches(_buckets(claim, content, kind), batch_fields):
                    claim.check()
                    sent.append(batch)
                    pipeline.send(batch)
                    progress.add(sum(len(bucket.rows) for bucket in batch), kind=kind)
            pipeline.flush()
        except Conflict:
            pipeline.flush()
            delete_keys(client, (bucket.key for batch in sent for bucket in batch))
            raise


def _buckets(claim: Claim, content: Content, kind: str) -> Iterator[SentBucket]:
    for batch in content.buckets(kind):
        buckets = [(claim.names.bucket(claim.load, kind, number), rows) for number, rows in batch]
        commands = encode_commands(content, kind, buckets, LEASE_SECONDS)
        for (key, rows), command in zip(buckets, commands, strict=True):
            yield SentBucket(key, command, kind, rows)


def _batches(buckets: Iterator[SentBucket], fields: int) -> Iterator[list[SentBucket]]:
    """Batches of buckets that hold about `fields` fields together."""
    batch, size = [], 0
    for bucket in buckets:
        batch.append(bucket)
        size += len(bucket.rows)
        if size >= fields:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
