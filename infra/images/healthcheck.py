"""`python -m infra.images.healthcheck <url>`: ends well when a page of this container answers; for
health checks, where an image has no curl.
"""

from __future__ import annotations

import sys
import urllib.request

if __name__ == "__main__":
    with urllib.request.urlopen(sys.argv[1], timeout=8) as response:
        raise SystemExit(response.status >= 400)
