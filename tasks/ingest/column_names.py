"""Names by which files call the columns that ingestion reads."""

from __future__ import annotations

import re

# Names by which files call these columns, the likeliest first; compared without case and without
# what is no letter.
COMMON_NAMES = {
    "user": (
        "user",
        "userid",
        "uid",
        "usr",
        "customer",
        "customerid",
        "visitor",
        "visitorid",
        "member",
        "memberid",
        "account",
        "accountid",
        "client",
        "clientid",
        "reviewerid",
        "buyer",
        "person",
        "sessionid",
        "session",
        "sid",
        "cookie",
        "deviceid",
    ),
    "item": (
        "item",
        "itemid",
        "iid",
        "sku",
        "product",
        "productid",
        "article",
        "articleid",
        "movie",
        "movieid",
        "track",
        "trackid",
        "song",
        "songid",
        "book",
        "bookid",
        "isbn",
        "asin",
        "content",
        "contentid",
        "offer",
        "offerid",
        "video",
        "videoid",
        "newsid",
        "url",
    ),
    "timestamp": (
        "timestamp",
        "ts",
        "time",
        "datetime",
        "date",
        "eventtime",
        "createdat",
        "tdat",
        "unixreviewtime",
        "when",
        "day",
        "t",
    ),
    "rating": ("rating", "stars", "score", "grade", "overall"),
    "event": (
        "event",
        "eventtype",
        "type",
        "action",
        "behavior",
        "behaviour",
        "interaction",
        "kind",
    ),
}


def plain_name(name: str) -> str:
    """A name as `COMMON_NAMES` has it: the letters of its last part, but `userid` of `user.id`."""
    own = name.lower() if name.lower().endswith(".id") else name.lower().rpartition(".")[2]
    return re.sub(r"[^a-z]", "", own)
