"""Turns Airflow's connections into the environment variables that the stages' libraries read."""

from __future__ import annotations

import os

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException

S3 = {
    "endpoint_url": "AWS_ENDPOINT_URL",
    "region_name": "AWS_REGION",
    "session_token": "AWS_SESSION_TOKEN",
    "aws_session_token": "AWS_SESSION_TOKEN",
}


def mlflow() -> dict[str, str]:
    """From the connection `recall_mlflow`: the server's address, and user and password where it has
    them.
    """
    server = Connection.get("recall_mlflow")
    variables = {
        "MLFLOW_TRACKING_URI": f"{server.schema or server.conn_type or 'http'}://{server.host}"
        + (f":{server.port}" if server.port else "")
    }
    if server.login:
        variables |= {
            "MLFLOW_TRACKING_USERNAME": server.login,
            "MLFLOW_TRACKING_PASSWORD": server.password or "",
        }
    return variables


def redis_url() -> str:
    """From the connection `recall_redis`: the URL of the server.

    Raises:
        AirflowFailException: the variable of that connection is no URL. Airflow's own message would
            show a piece of the password.
    """
    try:
        return Connection.get("recall_redis").get_uri()
    except (ValueError, AirflowNotFoundException):
        if (
            "AIRFLOW_CONN_RECALL_REDIS" not in os.environ
        ):  # one that cannot be read is called undefined
            raise
        raise AirflowFailException(
            "the Airflow connection recall_redis is no URL; expected "
            "redis://user:password@host:port/0; "
            "remedy: percent-encode the password (@ is %40, / %2F, [ %5B)"
        ) from None


def aws() -> dict[str, str]:
    """From the connection `recall_s3` where there is one; else the worker's own variables, as on a
    machine with a role.
    """
    variables = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    try:
        bucket = Connection.get("recall_s3")
    except AirflowNotFoundException:
        return variables
    if bucket.login:
        variables |= {
            "AWS_ACCESS_KEY_ID": bucket.login,
            "AWS_SECRET_ACCESS_KEY": bucket.password or "",
        }
    return variables | {
        variable: bucket.extra_dejson[name]
        for name, variable in S3.items()
        if bucket.extra_dejson.get(name)
    }
