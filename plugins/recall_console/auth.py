"""Authenticates by Airflow's login and authorises by the DAGs that the person may read. Without a
login every route answers 401.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.core_api.security import bearer_scheme, get_user
from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials

from recall_console.airflow_state import families_of


async def logged_in(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer_scheme)] = None,
) -> Any:
    """The person behind Airflow's session cookie or token.

    Raises:
        HTTPException: 401 for nobody, for a token that has ended, and for one that Airflow did not
            sign.
    """
    try:
        return await get_user(request, None, bearer)
    except HTTPException as error:
        raise HTTPException(
            401, "log in to Airflow first", {"WWW-Authenticate": "Bearer"}
        ) from error


async def permitted(user: Annotated[Any, Depends(logged_in)]) -> set[str]:
    """The DAGs that this person may read in Airflow.

    Raises:
        HTTPException: 403 for somebody who may read no training.
    """
    dags = await asyncio.to_thread(get_auth_manager().get_authorized_dag_ids, user=user)
    if not families_of(dags):
        raise HTTPException(403, "your role in Airflow may read none of the DAGs train_…")
    return dags


User = Annotated[Any, Depends(logged_in)]
Dags = Annotated[set[str], Depends(permitted)]
