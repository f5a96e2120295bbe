"""What is asked of Spark reaches its configuration."""

from __future__ import annotations

from tasks.core.spark.session import configuration
from tasks.core.spark.settings import Spark


def test_packages_are_told_to_spark_as_it_wants_them():
    configured = configuration(Spark(packages=("org.one:a:1", "org.two:b:2")), small=False)
    assert configured["spark.jars.packages"] == "org.one:a:1,org.two:b:2"
    assert "spark.jars.packages" not in configuration(Spark(), small=False)


def test_one_machine_stays_on_loopback_and_a_cluster_is_not_bound_to_it():
    assert configuration(Spark(master="local[4]"), small=True)["spark.driver.host"] == "127.0.0.1"
    assert "spark.driver.host" not in configuration(Spark(master="spark://head:7077"), small=True)
