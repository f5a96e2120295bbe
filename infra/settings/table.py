"""The settings, one line each. A test compares this table with what the sources read."""

from __future__ import annotations

import dataclasses

from dags.recall.environments import FAMILIES
from infra.settings import kinds
from infra.settings.kinds import Kind
from tasks.ingest.formats import FORMATS

LOCAL, AIRFLOW = "local", "airflow"  # `make run`; any Airflow that is not the local stack's


@dataclasses.dataclass(frozen=True)
class Setting:
    """One variable.

    Attributes:
        text: what it means.
        default: what holds without it, in words; None: nothing does.
        required: the parts that cannot start without it.
        secret: its value is never shown.
    """

    name: str
    kind: Kind
    text: str
    default: str | None = None
    required: tuple[str, ...] = ()
    secret: bool = False


TABLE = (
    Setting(
        "RECALL_STORE",
        kinds.STORE,
        "root of the store",
        "`.recall/store` in the local stack",
        (AIRFLOW,),
    ),
    Setting(
        "RECALL_SCRATCH",
        kinds.ABSOLUTE,
        "where a store on S3 is mirrored and trainings keep their checkpoints; shared by the "
        "workers where studies "
        "or a Spark cluster run",
        "a folder in the system's temporary one",
    ),
    Setting(
        "RECALL_SCRATCH_DAYS",
        kinds.number(1, 3650),
        "days after which what was not used is removed from the mirror",
        "7",
    ),
    Setting("RECALL_DATASET", kinds.DATASET, "name of the data set", "`ml-100k`"),
    Setting("RECALL_FORMAT", kinds.one_of(*FORMATS), "layout of the source", "`movielens-100k`"),
    Setting(
        "RECALL_LOCATION",
        kinds.LOCATION,
        "the folder of the source, or the TOML file of `own`",
        "MovieLens 100K in the local stack; else the form's",
    ),
    Setting("RECALL_EXPECTATIONS", kinds.SUITE, "the suite that judges a batch", "`default`"),
    Setting(
        "RECALL_UNPACKED_GB",
        kinds.number(1, 1_000_000),
        "GB that the files of one table may have, unpacked",
        "64",
    ),
    Setting(
        "RECALL_EXPANSION",
        kinds.number(1, 1_000_000),
        "how many times its packed size a file may have",
        "200",
    ),
    Setting("RECALL_LINE_KB", kinds.number(1, 1_000_000), "KiB that a line may have", "1024"),
    Setting(
        "RECALL_FIRST_DAY",
        kinds.DAY,
        "the first day that the schedule makes",
        "none: every day from now on",
    ),
    Setting(
        "RECALL_LAST_DAY",
        kinds.DAY,
        "last day of a data set that has ended",
        "none: data that grows",
    ),
    Setting(
        "RECALL_CATCH_UP",
        kinds.one_of("yes", "no"),
        "make days, too, that were due while nothing ran",
        "`no`: the newest alone",
    ),
    Setting(
        "RECALL_DELIVERY_HOURS",
        kinds.number(0, 23),
        "hours for which the schedule waits for the files of a day",
        "12",
    ),
    Setting(
        "RECALL_DELIVERY_SECONDS",
        kinds.number(30, 3600),
        "seconds after which it looks for them again",
        "600",
    ),
    Setting(
        "RECALL_FAMILIES",
        kinds.several_of(*FAMILIES),
        "the families of models that are trained and served",
        "all",
    ),
    Setting(
        "RECALL_POLICIES",
        kinds.FOLDER,
        "a folder of gate policies that comes before the shipped ones",
        "none",
    ),
    Setting(
        "RECALL_ENVIRONMENTS",
        kinds.ANY_FOLDER,
        "where the environments are",
        "`.recall/environments`",
    ),
    Setting("RECALL_STATE", kinds.ANY_FOLDER, "everything this checkout makes", "`.recall`"),
    Setting("RECALL_LOCAL_STORE", kinds.ANY_FOLDER, "the local stack's store", "`.recall/store`"),
    Setting(
        "RECALL_DATA_DIR",
        kinds.ANY_FOLDER,
        "where MovieLens 100K lies already",
        "none: it is fetched",
    ),
    Setting(
        "RECALL_MLFLOW_PAGE",
        kinds.HTTP,
        "the address a browser knows MLflow by",
        "the connection's",
    ),
    Setting(
        "RECALL_SPARK_MASTER",
        kinds.Kind(
            "local[n] or spark://host:port", lambda value: value.startswith(("local", "spark://"))
        ),
        "where ingestion runs Spark: its machines see RECALL_SCRATCH and the source as the "
        "worker does",
        "`local[2]`",
    ),
    Setting(
        "RECALL_RUNTIME",
        kinds.one_of("process", "container", "kubernetes"),
        "what a stage runs as",
        "`process`",
    ),
    Setting(
        "RECALL_IMAGES",
        kinds.IMAGES,
        "the images of the stages",
        "none: needed by the runtimes container and kubernetes",
    ),
    Setting(
        "RECALL_CONTAINER_ENGINE",
        kinds.one_of("docker", "podman"),
        "the command that runs containers",
        "`docker`",
    ),
    Setting(
        "RECALL_CONTAINER_NETWORK",
        kinds.DATASET,
        "the network that containers of stages join",
        "the engine's own",
    ),
    Setting(
        "RECALL_CONTAINER_VOLUMES",
        kinds.Kind(
            "volume:/path or /folder:/path, separated by blanks",
            lambda value: all(":/" in one for one in value.split()),
        ),
        "what containers of stages mount",
        "none",
    ),
    Setting(
        "RECALL_NAMESPACE",
        kinds.KUBERNETES_NAME,
        "the namespace of the pods",
        "that of Airflow's own pod, else `default`",
    ),
    Setting(
        "RECALL_POD_TEMPLATE", kinds.FILE, "the template of the pods", "`infra/kubernetes/pod.yaml`"
    ),
    Setting(
        "RECALL_POD_SECRET",
        kinds.KUBERNETES_NAME,
        "the Kubernetes secret whose keys are the variables of a stage's pod",
        "`recallflow`",
    ),
    Setting(
        "RECALL_RESOURCES",
        kinds.JSON_FILE,
        "processors, memory and GPUs by stage",
        "`infra/kubernetes/resources.json`",
    ),
    Setting("RECALL_GPUS", kinds.number(0, 64), "GPUs of a training that can use them", "`0`"),
    Setting(
        "RECALL_RESULT",
        kinds.ABSOLUTE,
        "a file that a stage's result is written to as well; set by the runtime kubernetes",
        "none",
    ),
    Setting(
        "RECALL_STACK",
        kinds.ABSOLUTE,
        "the local stack's folder, by which its processes are found again; set by its supervisor",
        "none",
    ),
    Setting(
        "RECALL_ADMIN_PASSWORD",
        kinds.Kind("12 characters or more", lambda value: len(value) >= 12),
        "of the images: the password of the pages' one user",
        "none: Airflow makes one",
        (),
        True,
    ),
    Setting(
        "RECALL_METRICS_TOKEN",
        kinds.Kind("16 characters or more", lambda value: len(value) >= 16),
        "what a scraper of the metrics must show",
        "none: nobody gets them",
        (),
        True,
    ),
    Setting(
        "RECALL_BUDGET_MINUTES",
        kinds.number(1, 10_000),
        "minutes that the training of a family may take on these machines, where its form does "
        "not say",
        "40",
    ),
    Setting(
        "RECALL_DEADLINE_HOURS",
        kinds.HOURS,
        "how long the chain of a day may take; 0: no deadline",
        "8",
    ),
    Setting("RECALL_FRESHNESS_HOURS", kinds.HOURS, "how old what is live may be", "48"),
    Setting(
        "RECALL_DOCUMENT_MB",
        kinds.number(1, 1024),
        "the largest document or report of the store, in megabytes, that the console reads",
        "16",
    ),
    Setting(
        "RECALL_CONSOLE_STORE",
        kinds.LOCATION,
        "the store's folder where the API server runs, if the store is in a bucket that is "
        "mounted there",
        "RECALL_STORE",
    ),
    Setting(
        "RECALL_LINEAGE",
        kinds.Kind("any text", bool),
        "OpenLineage events of the local stack",
        "none: off",
    ),
    Setting(
        "AIRFLOW_CONN_RECALL_NOTICES",
        kinds.Kind("a connection's URI or JSON", bool),
        "connection: where notices go",
        "the log",
        (),
        True,
    ),
    Setting(
        "AIRFLOW_CONN_RECALL_METRICS",
        kinds.Kind("a connection's URI or JSON", bool),
        "connection: its password is the scraper's token",
        None,
        (),
        True,
    ),
    Setting(
        "RECALL_REDIS_URL",
        kinds.REDIS,
        "Redis, of a stage or a reader run by hand",
        None,
        secret=True,
    ),
    Setting(
        "AIRFLOW_CONN_RECALL_REDIS",
        kinds.REDIS,
        "connection: Redis, with the publisher's password",
        None,
        (),
        True,
    ),
    Setting("AIRFLOW_CONN_RECALL_MLFLOW", kinds.MLFLOW, "connection: MLflow", None, (), True),
    Setting(
        "AIRFLOW_CONN_RECALL_S3",
        kinds.AWS,
        "connection: the object store of `s3://` places",
        "AWS_* of the workers",
        (),
        True,
    ),
)
BY_NAME = {setting.name: setting for setting in TABLE}
