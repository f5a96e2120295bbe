"""The report of a batch: what it tells, what it leaves out, and that nothing in the data can change
what it is.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from tasks.ingest.assess import formatting
from tasks.ingest.assess.batch import Check
from tasks.ingest.assess.batch_report import BatchReport, DeliveryCounts, FileSummary
from tasks.ingest.assess.drift import DriftChart
from tasks.ingest.assess.report_page import page
from tasks.ingest.derived_settings import DerivedSetting
from tasks.ingest.rules import Split

EVIL = "<script>alert('1')</script>"
CHECKS = [
    Check("late_share", "fail", "Few rows are late.", "at most 0.2", None, True),
    Check("users", "fail", "More than one user acted.", "at least 2", 943.0, True),
    Check("volume_surprise", "warn", "As many rows as ever.", "-3.5 to 5", -4.25, False),
    Check("volume_surprise", "fail", "Not half missing.", "at least -6", -4.25, True),
]
ACCOUNTS = {"rows_in": 100_000, "kept": 97_722, "quarantined": 302, "later": 1_976, "left_out": 12}
PICTURE = DriftChart(
    [(f"1998-03-{day:02}", 100 * day) for day in range(1, 30)],
    [("4", 0.25, 0.75)],
    [("most popular tenth", 0.05, 0.1), ("new", 0.95, 0)],
)


class Text(HTMLParser):
    """What a reader sees, the tags that a browser acts upon, and the attributes that could fetch
    something.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words, self.tags, self.links = [], [], []
        self.feed(html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [
            value
            for name, value in attributes
            if name in ("src", "href", "srcset", "action") or name.startswith("on")
        ]

    def handle_data(self, data):
        if self.tags[-1:] != ["style"]:
            self.words.append(data)


def report(**fields) -> BatchReport:
    return BatchReport(
        **{"dataset": "shop", "day": "1998-03-29", "id": "3f9a2c81d04be7a5"} | fields
    )


@pytest.fixture(scope="module")
def full():
    return report(
        checks=CHECKS,
        accounts=ACCOUNTS,
        counts={"interactions": 97_710, "users": 943, "items": 1_682},
        figures={
            "first_timestamp": 874_724_710,
            "last_timestamp": 891_043_200,
            "rating_mean": 3.5299,
            "liked_share": 0.5512,
            "trailing_median_rows": 1450.0,
            "volume_ratio": 2.0,
            "new_user_share": None,
        },
        parts={"train": 93_970, "history": 0, "validation": 910, "test": 2_830},
        split=DerivedSetting(Split(method="temporal"), "users come back"),
        held_out={"validation": 910, "test": 908},
        ratings=[(1.0, 20_000), (4.5, 77_000), (None, 710)],
        reasons={
            "interactions": {"out_of_range_rating": 2_300, "wrong_number_of_fields": 2},
            "items": {},
        },
        examples=[
            {
                "table": "interactions",
                "reason": "wrong_number_of_fields",
                "file": f"{EVIL}.csv",
                "line": 12_345,
                "text": f"1\t{EVIL}\x00\u202e" + "x" * 500,
            }
        ],
        files=[FileSummary(f"{EVIL}.csv", 1_979_173, 100_000, "0641" * 16)],
        deliveries=[DeliveryCounts("1998-03-29", 20_100, 20_050)],
        drift=PICTURE,
        settings={
            "day": "1998-03-29",
            "split": {"method": "temporal", "test_days": 7},
            "liked": EVIL,
        },
    )


def test_an_accepted_batch_tells_all_of_it(full):
    text = Text(page(full)).text
    for seen in (
        "Accepted with warnings",
        "shop, 1998-03-29",
        "3f9a2c81d04be7a5",
        "rows from 1997-09-20 to 1998-03-28",
        "97,710 interactions",
        "100,000 in = 97,722 kept + 302 set aside + 1,976 later",
        "left out of the kept",
        "volume_surprise is -4.25, expected -3.5 to 5",
        "910 users with validation rows, 908 users with test rows",
        "The last 7 days are held out for test and the 7 before for validation, because users "
        "come back.",
        "train 93,970 96.2 %",
        "4.5 77,000 78.8 %",
        "none 710",
        "Mean 3.53; 55.1 % liked",
        "2,300 out_of_range_rating a rating that the source does not have",
        "12345",
        "1,979,173",
        "0641064106410641…",
        "1998-03-29 20,100 20,050",
        "split.method",
        '"temporal"',
        "dashed: the usual 1,450",
        "1998-03-29: 2,900",
        "2 times the usual rows",
        "unknown of its users are new",
        "4 25.0 % 75.0 %",
        "new 95.0 % 0.0 %",
    ):
        assert seen in text, seen
    assert "does not close" not in text and "REFUSED" not in text


def test_the_worst_checks_come_first_and_the_unknown_ones_last(full):
    text = Text(page(full)).text
    rows = re.findall(
        r"(failed|warning|met|unknown) (\w+) ",
        text[text.index("What was expected") : text.index("Where the rows")],
    )
    assert rows == [
        ("warning", "volume_surprise"),
        ("met", "users"),
        ("met", "volume_surprise"),
        ("unknown", "late_share"),
    ]
    assert "late_share Few rows are late. no history yet at most 0.2" in text


def test_nothing_in_the_data_becomes_part_of_the_page(full):
    html = page(full)
    read = Text(html)
    assert set(read.tags) <= {
        "html",
        "meta",
        "title",
        "style",
        "header",
        "main",
        "section",
        "div",
        "p",
        "h1",
        "h2",
        "h3",
        "ul",
        "li",
        "b",
        "i",
        "u",
        "br",
        "span",
        "small",
        "code",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    assert (
        read.links == []
        and "url(" not in html
        and "@import" not in html
        and "http:" not in html
        and "https:" not in html
    )
    assert html.count("&lt;script&gt;") == 4 and "<script" not in html, (
        "in the line, its file's name, the file's name, a setting"
    )
    everywhere = page(
        report(
            dataset=EVIL,
            day=EVIL,
            id=EVIL,
            refused=EVIL,
            split=DerivedSetting(Split(), EVIL),
            parts={EVIL: 1},
            held_out={EVIL: 1},
            counts={EVIL: 1},
            checks=[Check(EVIL, "warn", EVIL, EVIL, 1.0, False)],
            reasons={EVIL: {EVIL: 1}},
            drift=DriftChart([(EVIL, 1)], [(EVIL, 1, 1)], [(EVIL, 1, 1)]),
            deliveries=[DeliveryCounts(EVIL, 1, 1)],
            files=[FileSummary("x", 1, 1, EVIL)],
            settings={EVIL: 1},
        )
    )
    assert "<script" not in everywhere and set(Text(everywhere).tags) <= {*read.tags}
    assert "default-src &#39;none&#39;" in html or "default-src 'none'" in html


def test_what_cannot_be_seen_is_shown_and_what_is_long_is_cut(full):
    text = Text(page(full)).text
    assert r"1 \t <script>alert('1')</script> \x00 \u202e xxx" in text
    assert "x…" in text and "x" * 200 not in text
    signs = "".join(
        rf'<span class="sign">{sign}</span>' for sign in (r"\x85", r"\u200b", r"\ue000")
    )
    assert str(formatting.visible("a\x85\u200b\ue000b")) == f"a{signs}b"
    assert str(formatting.visible("Amélie ⭐ <b>")) == "Amélie ⭐ &lt;b&gt;"


def test_a_refused_batch_has_the_same_page_with_what_there_is():
    early = Text(page(report(refused="the header lacks rating; got 'a,b'"))).text
    assert (
        "REFUSED" in early
        and "batch 3f9a2c81d04be7a5" in early
        and "the header lacks rating; got 'a,b'" in early
    )
    for absent in (
        "set aside",
        "Ratings",
        "Files",
        "expected of the batch",
        "What the rows are for",
        "days before",
        "Settings",
    ):
        assert absent not in early
    failed = Check(
        "rating_drift", "fail", "Ratings mean what they meant.", "at most 0.2", 0.5, False
    )
    late = page(
        report(
            refused="drift",
            checks=[*CHECKS, failed],
            accounts=ACCOUNTS,
            reasons={"interactions": {}},
        )
    )
    assert '<header class="fail">' in late and "No row was set aside." in late
    assert Text(late).text.index("failed rating_drift") < Text(late).text.index(
        "warning volume_surprise"
    )


def test_accepted_without_warnings():
    html = page(report(checks=CHECKS[:2]))
    assert '<header class="ok">' in html and "Accepted with" not in html


def test_accounts_that_do_not_close_say_so():
    assert (
        "This does not close: 3 rows are unaccounted for."
        in Text(page(report(accounts=ACCOUNTS | {"kept": 97_719}))).text
    )


def test_many_files_and_deliveries_are_told_by_the_first_and_the_last_of_them():
    files = [FileSummary(f"part-{nth:04}", nth, None, "a" * 64) for nth in range(1_000)]
    text = Text(
        page(
            report(
                files=files, deliveries=[DeliveryCounts(f"day-{nth}", 1, 1) for nth in range(50)]
            )
        )
    ).text
    assert (
        "part-0039" in text
        and "part-0040" not in text
        and "and 960 more" in text
        and "not counted" in text
    )
    assert "day-49" in text and "day-9 " not in text and "and 10 earlier ones" in text


@pytest.mark.parametrize(
    "value, text",
    [
        (12_345, "12,345"),
        (12_345.0, "12,345"),
        (12_345.678, "12,345.7"),
        (0.0123456, "0.01235"),
        (-7.25, "-7.25"),
        (0.0, "0"),
        (None, "?"),
        (float("inf"), "inf"),
    ],
)
def test_numbers(value, text):
    assert formatting.number(value, "?") == text
