"""Fields that several sources write alike."""

from __future__ import annotations

import re

NO_GENRES = "(no genres listed)"
NAMES = ("name", "title", "label", "genre", "category", "tag", "value")
QUOTED = r"""'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*\""""
MIXED = r'"(?:[^"\\]|\\.)*"|[^,{}"\s][^,{}"]*'  # of an array as PostgreSQL writes it
WRAPPED = r"(?s)^(?:np\.|numpy\.)?(?:array|set|frozenset|list|tuple|deque|Counter)\((.*?)(?:,\s*dtype=[^)]*)?\)$"
NOTHING = ("null", "NULL", "None", "nan", "NaN", "<NA>", "\\N")
NAMED = rf"""(?<=['"])(?:{"|".join(NAMES)})['"]\s*:\s*(?:{QUOTED})"""


def column(name: str):
    """A field as it stands."""
    from pyspark.sql import functions as F

    return F.col(name)


def barred(name: str):
    """`Comedy|Drama` as an array of strings; empty when the source says that there are none."""
    from pyspark.sql import functions as F

    return F.filter(separated(name, "|"), lambda genre: genre != NO_GENRES)


def separated(name: str, separator: str):
    """The names in a text as an array of trimmed strings without empty ones.

    | written                                            | where                             |
    |----------------------------------------------------|-----------------------------------|
    | `Comedy, Drama`                                    | text with a separator             |
    | `["Comedy", "Drama"]`                              | JSON                              |
    | `[{"id": 18, "name": "Drama"}]`, `{"name": "War"}` | JSON of objects: one of `NAMES`   |
    | `['Comedy', 'Drama']`, `[{'name': 'Drama'}]`       | Python, and so pandas' `to_csv`   |
    | `array(['Comedy'], dtype=object)`, `{'Comedy'}`    | numpy and sets, as Python shows   |
    | `{Comedy,"Film noir"}`                             | PostgreSQL                        |
    """
    from pyspark.sql import functions as F

    text = F.regexp_replace(F.trim(F.col(name)), WRAPPED, "$1")
    listed, objects = F.from_json(text, "array<string>"), F.from_json(text, "array<map<string,string>>")
    one = F.from_json(text, "map<string,string>")
    named = [F.coalesce(*(F.try_element_at(entry, F.lit(key)) for key in NAMES)) for entry in (one,)]
    of_objects = F.transform(objects, lambda entry: F.coalesce(*(F.try_element_at(entry, F.lit(key)) for key in NAMES)))
    bracketed = text.rlike(r"""(?s)^[\[{].*[\]}]$|^\(\s*['"].*\)$""")  # `(none)` is a word in brackets, ('a', 'b') a tuple
    has_objects = text.rlike(r"(?s)^\[\s*\{")
    python_names = _quoted(F.regexp_extract_all(text, F.lit(NAMED), F.lit(0)))
    python_texts = _quoted(F.regexp_extract_all(text, F.lit(QUOTED), F.lit(0)))
    bare = F.split(F.regexp_replace(text, r"""^[\[({]|[\])}]$|["']""", ""), ",")
    parts = (
        F.when(~bracketed, F.split(text, re.escape(separator)))
        .when(has_objects & (F.size(F.filter(of_objects, lambda part: part.isNotNull())) > 0), of_objects)
        .when(has_objects, python_names)
        .when(F.startswith(text, F.lit("{")) & named[0].isNotNull(), F.array(named[0]))
        .when(F.startswith(text, F.lit("[")) & listed.isNotNull() & (F.size(F.filter(listed, lambda part: part.isNotNull())) > 0)
              & ~F.contains(text, F.lit("'")), listed)
        .when(F.startswith(text, F.lit("[")) & text.rlike(r'^\[\s*"') & listed.isNotNull(), listed)
        .when(F.startswith(text, F.lit("{")) & F.contains(text, F.lit('"')) & ~F.contains(text, F.lit("'")) & ~F.contains(text, F.lit(":")),
              _quoted(F.regexp_extract_all(text, F.lit(MIXED), F.lit(0))))
        .when(text.rlike(QUOTED), python_texts)
        .otherwise(bare))
    return F.filter(F.transform(parts, lambda part: F.trim(part)), lambda part: part.isNotNull() & (part != "") & ~part.isin(*NOTHING))


def _quoted(texts):
    """Quoted texts without their quotes: what is doubled or behind a backslash is the character itself."""
    from pyspark.sql import functions as F

    inside = [F.transform(texts, lambda text: F.regexp_replace(text, r"""(?s)^.*?(["'])(.*)\1$""", "$2"))]
    return F.transform(inside[0], lambda text: F.regexp_replace(F.regexp_replace(text, r"\\(.)", "$1"), "''", "'"))
