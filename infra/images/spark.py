"""`python -m infra.images.spark master|worker <arguments>`: a part of Spark's own cluster, from the
environment `spark` and its Java.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

PARTS = {
    "master": "org.apache.spark.deploy.master.Master",
    "worker": "org.apache.spark.deploy.worker.Worker",
}


def main(arguments: list[str]) -> int:
    import pyspark

    from tasks.core.spark import java

    if not arguments or arguments[0] not in PARTS:
        raise SystemExit(f"spark: got {arguments[:1]}, expected one of {', '.join(PARTS)}")
    java.prepare()
    home = Path(pyspark.__file__).parent
    os.environ["SPARK_HOME"] = str(home)
    command = [str(home / "bin" / "spark-class"), PARTS[arguments[0]], *arguments[1:]]
    os.execv(command[0], command)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
