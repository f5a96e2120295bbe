"""The step *fetch*: files of a path, a folder, a glob or a bucket become plain local files with
fingerprints, before Spark starts.

    locations → local or s3 → find → SourceFile → land (packing, unpack, unpack_budget, fingerprint)
    → LocalFile

Plain local files are read where they are. Files that are packed or in a bucket are streamed into a
scratch folder, in blocks and within limits, under names that are numbers. The fingerprint is of the
plain bytes, so it does not depend on how a file is packed.
"""

from __future__ import annotations

from tasks.ingest.fetch.files import Limits, LocalFile, SourceFile
from tasks.ingest.fetch.find import (
    describe_day_folders,
    find_days,
    find_files,
    find_files_of_day,
    list_days,
)
from tasks.ingest.fetch.land import fetch_files

__all__ = [
    "Limits",
    "LocalFile",
    "SourceFile",
    "describe_day_folders",
    "fetch_files",
    "find_days",
    "find_files",
    "find_files_of_day",
    "list_days",
]
