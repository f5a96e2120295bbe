"""A URL of Redis is read as meant, or refused in one sentence that holds no piece of the
password.
"""

from __future__ import annotations

import traceback

import pytest

from tasks.core.cli.errors import BadRequest
from tasks.core.serving.redis_options import REFUSED
from tasks.core.serving.redis_url import parse_redis_url

PIECES = ("hun", "ter2")


@pytest.mark.parametrize(
    "url, read",
    [
        ("redis://h", ("redis://h:6379", 0, {})),
        (" redis://h:1/3\n", ("redis://h:1", 3, {})),
        ("redis://h/", ("redis://h:6379", 0, {})),
        ("REDIS://h?db=99", ("redis://h:6379", 99, {})),
        ("redis://h/2?db=2", ("redis://h:6379", 2, {})),
        ("redis://u@h", ("redis://h:6379", 0, {"username": "u"})),
        (
            "redis://u:a%40%2F%3F%23%25b@h",
            ("redis://h:6379", 0, {"username": "u", "password": "a@/?#%b"}),
        ),
        ("redis://:a[b]c@h", ("redis://h:6379", 0, {"password": "a[b]c"})),
        ("redis://:a@b:c@h:1", ("redis://h:1", 0, {"password": "a@b:c"})),
        ("redis://:100%@h", ("redis://h:6379", 0, {"password": "100%"})),
        ("redis://:%C3%BC@h", ("redis://h:6379", 0, {"password": "ü"})),
        ("redis://h?password=s%26t", ("redis://h:6379", 0, {"password": "s&t"})),
        ("redis://[::1]:1/1", ("redis://[::1]:1", 1, {})),
        ("rediss://%3A%3A1:1", ("rediss://[::1]:1", 0, {})),
        ("redis://h?ssl=true", ("rediss://h:6379", 0, {})),
        (
            "rediss://h?ssl_ca_certs=%2Fa%2Fca.pem&ssl_cert_reqs=none&ssl_check_hostname=false",
            (
                "rediss://h:6379",
                0,
                {"ssl_ca_certs": "/a/ca.pem", "ssl_cert_reqs": "none", "ssl_check_hostname": False},
            ),
        ),
        ("unix:///run/redis.sock", ("unix:///run/redis.sock", 0, {})),
        ("unix:///run%2Fredis.sock", ("unix:///run/redis.sock", 0, {})),
        (
            "unix://u:p%40@/run/redis.sock?db=1",
            ("unix:///run/redis.sock", 1, {"username": "u", "password": "p@"}),
        ),
        (
            "redis://h?socket_timeout=2.5&health_check_interval=30&max_connections=5&client_name=me&protocol=2&socket_keepalive=yes",
            (
                "redis://h:6379",
                0,
                {
                    "socket_timeout": 2.5,
                    "health_check_interval": 30,
                    "max_connections": 5,
                    "client_name": "me",
                    "protocol": 2,
                    "socket_keepalive": True,
                },
            ),
        ),
        (
            "redis://h?__extra__=%7B%22ssl%22%3A+true%2C+%22db%22%3A+2%7D",
            ("rediss://h:6379", 2, {}),
        ),
    ],
)
def test_what_is_meant_is_read(url, read):
    address = parse_redis_url(url)
    assert (address.url, address.database, address.options) == read


def test_a_cluster_is_asked_for_by_an_option():
    assert (
        parse_redis_url("redis://h?cluster=true").cluster
        and not parse_redis_url("redis://h?cluster=false").cluster
    )


@pytest.mark.parametrize(
    "url",
    [
        "hunter2",
        "redis:hunter2@h",
        "redis//:hunter2@h",
        "http://:hunter2@h",
        "hun://ter2@h",
        "://hunter2",
        "redis://:hun/ter2@h:1/0",
        "redis://:hun?ter2@h:1/0",
        "redis://:hun#ter2@h:1/0",
        "redis://:hun@x/ter2@h:1/0",
        "redis://:hun/@ter2",
        "redis://u:1?ter2=1@h",
        "redis://u:1?db=ter2@h",
        "redis://u:1/0#ter2@h",
        "redis://:hun ter2@h",
        "redis://:hun\nter2@h",
        "redis://:hun\tter2@h",
        "redis://:hun#ter2",
        "redis://:hunter2",
        "redis://u:hunter2",
        "redis://:hun%FFter2@h",
        "redis://:hunter2@",
        "redis://:hunter2@/0",
        "redis://:hunter2@:6379",
        "redis://:hun@[ter2",
        "redis://:hun@ter2]:1",
        "redis://:hunter2@h:port",
        "redis://:hunter2@h:0",
        "redis://:hunter2@h:65536",
        "redis://:hunter2@h:-1",
        "redis://:hunter2@::1:6379",
        "redis://:hunter2@h/abc",
        "redis://:hunter2@h/1/2",
        "redis://:hunter2@h/-1",
        "redis://:hunter2@h/1?db=2",
        "redis://:hunter2@h?nonsense=ter2",
        "redis://:hunter2@h?ssl=perhaps",
        "redis://:hunter2@h?cluster",
        "redis://:hunter2@h?db=1&db=2",
        "redis://:hunter2@h?db=abc",
        "redis://:hunter2@h?protocol=9",
        "redis://:hunter2@h?protocol=3",
        "redis://:hunter2@h?socket_timeout=abc",
        "redis://:hunter2@h?socket_timeout=0",
        "redis://:hunter2@h?socket_connect_timeout=nan",
        "redis://:hunter2@h?health_check_interval=1.5",
        "redis://:hunter2@h?max_connections=0",
        "redis://:hunter2@h?client_name=a%20b",
        "redis://h?password=hun&ter2=1",
        "redis://h?password=hun&db=ter2",
        "redis://:hunter2@h?ssl_ca_certs=/a",
        "rediss://:hunter2@h?ssl_nonsense=1",
        "rediss://:hunter2@h?ssl_cert_reqs=maybe",
        "rediss://:hunter2@h?ssl_keyfile=/a",
        "rediss://:hunter2@h?ssl_ca_certs=",
        "redis://:hunter2@h/1?cluster=true",
        "redis://:hunter2@h?__extra__=ter2",
        "redis://:hunter2@a..b",
        "redis://:hunter2@" + "h" * 64,
        "unix://hunter2/a.sock",
        "unix://:hunter2@",
        "unix://:hunter2@/",
        "unix://:hun/ter2@/a.sock",
        "unix://:hunter2@h/a.sock",
        "unix://:hunter2@/a?ssl=1",
        "unix://:hunter2@/a?cluster=1",
        "unix://:hunter2@/a%00",
        "unix://:hunter2@/" + "a" * 107,
        b"redis://:hunter2@h",
        *(f"redis://:hunter2@h?{name}=x" for name in REFUSED),
    ],
)
def test_what_is_no_url_is_refused_and_the_password_is_not_shown(url):
    with pytest.raises(BadRequest) as refusal:
        parse_redis_url(url)
    printed = "".join(traceback.format_exception(refusal.type, refusal.value, None)) + str(
        refusal.value.__cause__
    )
    assert (
        not any(piece in printed for piece in PIECES) and len(str(refusal.value).splitlines()) == 1
    )


@pytest.mark.parametrize("name", REFUSED)
def test_an_option_that_changes_what_is_read_is_refused_by_name(name):
    with pytest.raises(BadRequest, match=f"option {name} is not allowed.*leave it out"):
        parse_redis_url(f"redis://h?{name}=true")


def test_the_remedy_says_how_a_password_is_written():
    with pytest.raises(BadRequest, match=r"percent-encode the password.*%40"):
        parse_redis_url("redis://:a/b@h")
