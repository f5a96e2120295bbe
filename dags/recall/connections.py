"""From Airflow's connections to the variables that the stages' libraries read."""

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
    """Of the connection `recall_mlflow`: where the server is, and the user and password where it
    has them.
    """
    at = Connection.get("recall_mlflow")
    told = {
        "MLFLOW_TRACKING_URI": f"{at.schema or at.conn_type or 'http'}://{at.host}"
        + (f":{at.port}" if at.port else "")
    }
    if at.login:
        told |= {
            "MLFLOW_TRACKING_USERNAME": at.login,
            "MLFLOW_TRACKING_PASSWORD": at.password or "",
        }
    return told


def redis_url() -> str:
    """Of the connection `recall_redis`: the URL of the server.

    Raises:
        AirflowFailException: the variable of that connection is no URL; what Airflow says of it
            would show a piece of the password.
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
    """Of the connection `recall_s3`, where there is one; else what the worker's own environment
    says, as on a machine with a role.
    """
    told = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    try:
        at = Connection.get("recall_s3")
    except AirflowNotFoundException:
        return told
    if at.login:
        told |= {"AWS_ACCESS_KEY_ID": at.login, "AWS_SECRET_ACCESS_KEY": at.password or ""}
    return told | {
        variable: at.extra_dejson[name]
        for name, variable in S3.items()
        if at.extra_dejson.get(name)
    }
