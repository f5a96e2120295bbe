"""A stage as a Kubernetes pod, by Airflow's own operator, which finds its pod again after a
worker's restart.

The pod's logs mix stdout and stderr, so the stage also writes its result where Airflow's sidecar
reads it (RECALL_RESULT). Secrets are not in the pod's description: they are the variables of the
Kubernetes secret RECALL_POD_SECRET.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from airflow.providers.cncf.kubernetes.callbacks import KubernetesPodOperatorCallback
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk.exceptions import AirflowException
from kubernetes.client import models as k8s

from recall.operators.process_output import LastMessage
from recall.runtimes.work import ROOT, Outcome, Work, image, resources

RESULT = "/airflow/xcom/return.json"
BASE = "base"


class Pod:
    """One pod for one run of a verb; deleted when it has ended."""

    def __init__(self) -> None:
        self._operator: KubernetesPodOperator | None = None

    def run(self, work: Work, context: Any) -> Outcome:
        message = work.last_message()
        self._operator = operator(work, message)
        try:
            result = self._operator.execute(context)
        except AirflowException:
            code = exit_code(self._operator.remote_pod)
            if not code:  # it is not the stage that failed: no pod, no node, no image
                raise
            return Outcome(code, "", message.last)
        return Outcome(0, json.dumps(result), message.last)

    def stop(self) -> None:
        if self._operator:
            self._operator.on_kill()


def operator(work: Work, message: LastMessage) -> KubernetesPodOperator:
    """Airflow's operator for this work: the pod template and what differs between stages."""
    secret = os.environ.get("RECALL_POD_SECRET") or "recallflow"
    name = f"recall-{work.stage}-{work.verb}".replace("_", "-")
    return KubernetesPodOperator(
        task_id=f"{work.stage}-{work.verb}",
        name=name,
        random_name_suffix=True,
        namespace=os.environ.get("RECALL_NAMESPACE") or None,
        pod_template_file=os.environ.get("RECALL_POD_TEMPLATE")
        or str(Path(ROOT) / "infra" / "kubernetes" / "pod.yaml"),
        image=image(work.environment),
        cmds=["python"],
        arguments=work.arguments,
        base_container_name=BASE,
        env_vars={**work.container_settings, "RECALL_RESULT": RESULT},
        env_from=[k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name=secret))],
        container_resources=k8s.V1ResourceRequirements(**resources(work.stage)),
        labels={"recall/stage": work.stage, "recall/verb": work.verb},
        do_xcom_push=True,
        get_logs=True,
        on_finish_action="delete_pod",
        automount_service_account_token=False,
        callbacks=[reader(message)],
        log_events_on_failure=True,
        reattach_on_restart=True,
    )


def reader(message: LastMessage) -> type[KubernetesPodOperatorCallback]:
    """The callback that keeps the stage's last message; Airflow itself logs every line."""

    class Lines(KubernetesPodOperatorCallback):
        @staticmethod
        def progress_callback(*, line: str, container_name: str = BASE, **more: Any) -> None:
            if container_name == BASE:
                message.read(line)

    return Lines


def exit_code(pod: Any) -> int | None:
    """The exit code of the stage's container; None where it never ended."""
    for status in (pod.status.container_statuses or []) if pod and pod.status else []:
        if status.name == BASE and status.state and status.state.terminated:
            return status.state.terminated.exit_code
    return None
