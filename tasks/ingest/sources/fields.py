"""Fields that several sources write alike."""

from __future__ import annotations

import re

NO_GENRES = "(no genres listed)"
NAMES = ("name", "title", "label", "genre", "category", "tag", "value")
QUOTED = r"""'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*\""""
MIXED = r'"(?:[^"\\]|\\.)*"|[^,{}"\s][^,{}"]*'  # of an array as PostgreSQL writes it
WRAPPED = (
    r"(?s)^(?:np\.|numpy\.)?(?:array|set|frozenset|list|tuple|deque|Counter)"
    r"\((.*?)(?:,\s*dtype=[^)]*)?\)$"
)
BRACKETED = (
    r"""(?s)^[\[{].*[\]}]$|^\(\s*['"].*\)$"""  # `(none)` is a word in brackets, ('a', 'b') a tuple
)
NOTHING = ("null", "NULL", "None", "nan", "NaN", "<NA>", "\\N")
NAMED = rf"""(?<=['"])(?:{"|".join(NAMES)})['"]\s*:\s*(?:{QUOTED})"""


def column(name: str):
    """A field as it stands."""
    from pyspark.sql import functions as F

    return F.col(name)


def split_genres(name: str):
    """`Comedy|Drama` as an array of strings; empty when the source says that there are none."""
    from pyspark.sql import functions as F

    return F.filter(split_names(name, "|"), lambda genre: genre != NO_GENRES)


def split_names(name: str, separator: str):
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
    parts = F.when(text.rlike(BRACKETED), _parse_list(text)).otherwise(
        F.split(text, re.escape(separator))
    )
    return F.filter(
        F.transform(parts, lambda part: F.trim(part)),
        lambda part: part.isNotNull() & (part != "") & ~part.isin(*NOTHING),
    )


def _parse_list(text):
    """The names in a list, by the first of the forms that it has."""
    from pyspark.sql import functions as F

    def any_of(texts):
        return F.size(F.filter(texts, lambda part: part.isNotNull())) > 0

    def name_of(entry):
        return F.coalesce(*(F.try_element_at(entry, F.lit(key)) for key in NAMES))

    names = F.transform(F.from_json(text, "array<map<string,string>>"), name_of)
    name, texts = (
        name_of(F.from_json(text, "map<string,string>")),
        F.from_json(text, "array<string>"),
    )
    a_list, an_object, objects = (
        F.startswith(text, F.lit("[")),
        F.startswith(text, F.lit("{")),
        text.rlike(r"(?s)^\[\s*\{"),
    )
    plain = ~F.contains(text, F.lit("'"))  # JSON and PostgreSQL quote with " alone
    return (
        F.when(objects & any_of(names), names)
        .when(objects, _unquote(F.regexp_extract_all(text, F.lit(NAMED), F.lit(0))))
        .when(an_object & name.isNotNull(), F.array(name))
        .when(a_list & any_of(texts) & (plain | text.rlike(r'^\[\s*"')), texts)
        .when(
            an_object & plain & F.contains(text, F.lit('"')) & ~F.contains(text, F.lit(":")),
            _unquote(F.regexp_extract_all(text, F.lit(MIXED), F.lit(0))),
        )
        .when(text.rlike(QUOTED), _unquote(F.regexp_extract_all(text, F.lit(QUOTED), F.lit(0))))
        .otherwise(F.split(F.regexp_replace(text, r"""^[\[({]|[\])}]$|["']""", ""), ","))
    )


def _unquote(texts):
    """Quoted texts without their quotes: what is doubled or behind a backslash is the character
    itself.
    """
    from pyspark.sql import functions as F

    def unquoted(text):
        inside = F.regexp_replace(text, r"""(?s)^.*?(["'])(.*)\1$""", "$2")
        return F.regexp_replace(F.regexp_replace(inside, r"\\(.)", "$1"), "''", "'")

    return F.transform(texts, unquoted)
