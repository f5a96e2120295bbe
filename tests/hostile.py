"""Values that somebody might put into a form, a request or a file to break out of where values belong: by what they try."""

from __future__ import annotations

PATHS = ["..", ".", "/", "../../etc/passwd", "/etc/passwd", "..\\..\\windows", "a/../../b", "a/b", "./a", "~", "~root/.ssh", ".hidden", "a//b", "a/./b",
         "%2e%2e%2f", "%2e%2e/%2e%2e/etc", "..%00/", "file:///etc/passwd", "file://other/etc", "s3://other/bucket", "s3:///x", "http://127.0.0.1/", "\\\\host\\share",
         "con", "a" * 300, "/proc/self/environ", "....//....//", "..;/", "C:\\x", "-rf",
         "%252e%252e%252f", "..%c0%af", "..%255c", "..\u2215", "\u2025/", "\uff0e\uff0e\uff0f", "/..", "../" * 200, "a/" * 3000, "manifest.json", ".manifest.json.1",
         "aux.txt", "LPT1", "/dev/null", "/dev/stdin", ".git/config", "a\\..\\b", "file:///../../etc", "file:/etc", "FILE:///etc/passwd", "ftp://other/x"]
KEYS = ["item2vec}:live", "{item2vec}", "recall:{gru4rec}:live", "a:b", "*", "recall:*", "?", "[a-z]", "a b", "a\tb", "item2vec:1:items:0", "\r\nDEL recall:families\r\n",
        "*1\r\n$8\r\nFLUSHALL\r\n", "$-1\r\n", "+OK", "a\nb", "'", "\"", "return redis.call('FLUSHALL')", "1) 2",
        "item2vec}:fence", "}", "{", "{}:live", "recall:families", "FLUSHALL", "\r\n", "\n*1\r\n", "EVAL \"return 1\" 0", "SELECT 1", "\0live", "live\0", "\u2028", "\u2029",
        "item2vec\u00ad", "recall:{item2vec}:*:manifest", "{a}{b}", "\x1b]0;title\x07"]
SHELLS = ["$(touch /tmp/owned)", "`touch /tmp/owned`", "; touch /tmp/owned", "| touch /tmp/owned", "&& touch /tmp/owned", "> /tmp/owned", "$HOME", "${IFS}", "--help",
          "--store=/etc", "-c", "@/etc/passwd", "!!", "a;b", "a&b", "a|b", "$'\\x41'", "%PATH%", "#", "\\",
          "$(id)", "$((1+1))", "<(id)", ">(id)", "{a,b}", "?(x)", "|| id", "\nid", "-", "--", "-oProxyCommand=id", "sh -c id", "%0aid", "\tid", "~+", "$0", "$*", "2>&1"]
SQL = ["' OR '1'='1", "'; DROP TABLE runs; --", "\" OR \"\"=\"", "1; SELECT pg_sleep(9)", "` OR 1=1", "' UNION SELECT password FROM users --", "%' --", "name LIKE '%'",
       "\\'", "1/**/OR/**/1",
       "') OR ('1'='1", "admin'--", "1 OR 1=1", "' AND SLEEP(5)#", "'||'", "CHAR(39)", "name = 'x' OR name LIKE '%'", "tags.`a` = 'b'", "x' ORDER BY 1 --", "; VACUUM",
       "' LIMIT 1 --", "$$;SELECT 1;$$", "\u02bc OR 1=1"]
TEMPLATES = ["{{ 7 * 7 }}", "{{ conn.recall_redis.password }}", "{% raw %}", "${7*7}", "#{7*7}", "%s%s%n", "{0.__class__}", "%(x)s", "<script>alert(1)</script>",
             "<img src=x onerror=alert(1)>", "javascript:alert(1)", "\"><b>", "\"}, \"day\": \"2000-01-01", "\\u0022", "[1](javascript:x)", "=1+1", "\x1b[31mred", "__import__('os')",
             "{{ ''.__class__.__mro__ }}", "{{ var.value.get('x') }}", "{%- if 1 -%}", "{#", "<%= 1 %>", "@{1}", "{0}", "{}", "%d", "%n%n%n", "&lt;b&gt;", "<!--", "]]>",
             "<svg/onload=alert(1)>", "data:text/html,<b>", "\"}]}", "!!python/object/apply:os.system ['id']"]
TEXTS = ["", " ", "\0", "a\0b", "\u202egnp.exe", "\u200b", "é", "e\u0301", "ß", "İ", "𝔘𝔫𝔦", "中文", "😀", "\ufeff", "\ud800", "a\udcffb", "\x7f", "\x80", "None", "null", "NaN",
         "1e309", "-0", "0x10", "true", "2" * 400, "x" * 10_000, "x" * 200_000, "٣", "१",
         "a" + "\u0301" * 500, "\u2066x\u2069", "\u200d", "\U000e0041", "\uffff", "Infinity", "1_000", "0o7", "١٩٩٨-٠٤-١٥", "1998-04-15\n"]
VALUES = list(dict.fromkeys([*PATHS, *KEYS, *SHELLS, *SQL, *TEMPLATES, *TEXTS]))
assert len(VALUES) >= 200


def named(value: str) -> str:
    """How a test calls a value."""
    return ascii(value if len(value) <= 40 else f"{value[:12]}…{len(value)}").strip("'")
