"""Landing: what lies at a path, a folder, a glob or a bucket becomes plain local files with
fingerprints, before Spark starts.

    where → places → tree (local folder or bucket) → finding → Found → plain (unpack, budget, tally)
    → Landed

Plain local files are read where they are. What is packed or lies in a bucket is streamed into a
scratch folder, in blocks and within limits, under names that are numbers. The fingerprint is of the
plain bytes: packing a file otherwise changes nothing.
"""

from __future__ import annotations

from tasks.ingest.fetch.files import Found, Landed, Limits
from tasks.ingest.fetch.find import days, find, find_day, shown_where_days_are, spelled_days
from tasks.ingest.fetch.land import land

__all__ = [
    "Found",
    "Landed",
    "Limits",
    "days",
    "find",
    "find_day",
    "land",
    "shown_where_days_are",
    "spelled_days",
]
