# Every command of this project. `make` alone lists them.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
.DEFAULT_GOAL := help
# The interpreter of an environment, which sees the sources.
in = PYTHONPATH=. $$($(PYTHON) -c "from infra.environments.names import python; print(python(\"$(1)\"))")

# What is listed by `make` ends in `## text`, by `make bench` and `make drill` in `#: text`.
list = @sed -nE 's/^($(1)):.*$(2) (.*)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | column -t -s $$'\t'

.PHONY: help
help: ## this list
	$(call list,[a-z0-9-]+,##)

.PHONY: environments
environments: ## build the environments whose lock has changed
	@$(PYTHON) -m infra.environments.build

.PHONY: run
run: environments ## the daily retrain of the next day (or DAY=YYYY-MM-DD), end to end; SOURCE=my.toml: your data
	@$(PYTHON) -m infra.local run

.PHONY: look
look: ## how SOURCE=my.toml or SOURCE=clicks.csv is understood, with three rows; nothing is written
	@$(PYTHON) -m infra.environments.build spark
	@$(PYTHON) -m infra.local look

.PHONY: quarantine
quarantine: environments ## the bad rows of the newest day (or DAY), to repair; then run DAY=… REPAIRED=file
	@$(PYTHON) -m infra.local quarantine

.PHONY: up
up: environments ## start the local stack without a retrain
	@$(PYTHON) -m infra.local up

.PHONY: status
status: ## what runs, and where; when the next retrain is due
	@$(PYTHON) -m infra.local status

.PHONY: stop
stop: ## stop the local stack; nothing is lost
	@$(PYTHON) -m infra.local stop

.PHONY: clean
clean: ## stop, and remove store, databases and logs; the environments stay
	@$(PYTHON) -m infra.local clean

.PHONY: similar
similar: ## items like TITLE="Star Wars (1977)"; without it, like the most liked one
	@$(PYTHON) -m infra.local similar $${TITLE:+--title "$$TITLE"}

.PHONY: recommend
recommend: ## recommendations for USER_ID=1; without it, for some user
	@$(PYTHON) -m infra.local recommend $${USER_ID:+--user "$$USER_ID"}

.PHONY: test
test: ## every test, each in the environment its sources run in
	@$(PYTHON) -m infra.environments.build airflow spark train serve mlflow cluster tests s3 checks ranx browser
	@$(PYTHON) -m tests $(FOLDERS)

.PHONY: lint
lint: ## formatting, lint and types of the sources
	@$(PYTHON) -m infra.environments.build checks
	@$(call in,checks) -m ruff format --check --quiet . || { echo "run ruff format" >&2; exit 1; }
	@$(call in,checks) -m ruff check --quiet .
	@$(call in,checks) -m mypy

.PHONY: settings
settings: ## write infra/docs/settings.md and the data of the forms anew from the sources
	@$(PYTHON) -m infra.docs.settings

.PHONY: bench
bench: ## list the benchmarks
	$(call list,bench-[a-z0-9]+|quality[a-z-]*|ablation,#:)

.PHONY: drill
drill: ## list the drills
	$(call list,drill-[a-z0-9]+,#:)

PROTOCOL ?= p1-time
FAMILY ?= item2vec
RECIPE ?= default
TRIALS ?= 40
SEEDS ?= 3
JOBS ?= 1
# Of a session set, without FAMILY=, GRU4Rec.
sessions_family = $(if $(filter file,$(origin FAMILY)),gru4rec,$(FAMILY))

# Each has the environment it runs in (none: this Python), its module (none: that of its name), its arguments, and the
# environments that are built for it.
runs_in =
module =
arguments =
builds =
bench-ingest: runs_in =            #: ingestion of 1M and 20M rows beside a bare Spark job
bench-shop: arguments = --size $${SIZE:-1m}  #: a planted shop of SIZE 1m, 10m or 25m events from nothing to live
bench-sessions: runs_in = train    #: R@20 and MRR@20 of FAMILY on the session set in DATA; SEEDS=3, CANDIDATE=
bench-sessions: arguments = --data $(DATA) --family $(sessions_family) --seeds $(SEEDS) $${CANDIDATE:+--candidate $$CANDIDATE}
bench-mutations: runs_in = spark   #: ten thousand damaged inputs: each refused or with closed accounts
bench-walks: builds = peers        #: random walks beside numpy, alias tables and PecanPy; memory at 20M rows
bench-cluster: runs_in = spark     #: walks and word2vec on a Spark cluster beside one machine
bench-item2vec: runs_in = train    #: word2vec in the stage beside plain gensim
bench-linear: runs_in = train      #: EASE beside numpy's plain inverse, the decoders, a catalogue of 100,000 items
bench-linear: export OPENBLAS_NUM_THREADS = 1
bench-publish: runs_in = serve     #: loading, memory, rollback and reading beside a bare client
bench-index: runs_in = serve       #: inverted lists and a graph beside exact search at a million vectors
bench-compressed: runs_in = serve  #: fused vectors in 16, 8 and 4 bits and less: size, recall@50, speed
bench-similar: runs_in = train     #: the table of similar items at 3,700, 45,000 and a million items: seconds, memory
bench-evaluate: runs_in =          #: an evaluation beside a bare product with top-k
bench-evaluate: export OMP_NUM_THREADS = 1
bench-gru: runs_in = train         #: training speed of GRU4Rec beside other layouts and losses
bench-tune: module = tuning        #: TRIALS of a study of FAMILY on PROTOCOL, killed half-way and continued
bench-tune: arguments = --protocol $(PROTOCOL) --family $(FAMILY) --trials $(TRIALS)
bench-days: runs_in =              #: three days of item2vec: what warm start and alignment cost and keep
quality: arguments = --protocol $(PROTOCOL) --family $(FAMILY) --recipe $(RECIPE) --seeds $(SEEDS) --jobs $(JOBS)
quality: runs_in =                 #: PROTOCOL=p1-time|p1-file|p2|p2-new|p3 FAMILY= RECIPE= SEEDS=3 JOBS=1: quality over seeds
quality-similar: module = similar_quality
quality-similar: arguments = --data $(or $(DATA),ml-100k)
quality-similar: runs_in = train   #: DATA=ml-100k|ml-1m|tmall|nowplaying: items like an item, beside cosine, EASE, popularity
ablation: runs_in = train          #: what matters for item2vec, one thing changed at a time
drill-publish: module = drill_publish
drill-publish: runs_in = serve     #: publications and the server killed at random moments, under readers
drill-gate: module = gate
drill-gate: runs_in = train        #: equal, better and worse models before the gate: how often each gets through
drill-gru: module = gru_drill      #: GRU4Rec killed at KILLS=20 random moments: retries end with the same weights
drill-gru: arguments = --kills $${KILLS:-20}
drill-stop: module = drill_stop
drill-stop: arguments = --rounds $${ROUNDS:-20}
drill-stop: runs_in = serve        #: the stack stopped, cleaned and killed at ROUNDS=20 moments of a retrain
drill-cluster: module = drill_cluster
drill-cluster: arguments = --beside
drill-cluster: builds = cluster s3 checks   #: docker-compose.yaml's services by hand: a day to live, beside the local stack
drill-services: module = drill_services
drill-services: builds = cluster s3 checks  #: Postgres, Redis, MLflow and the scheduler killed in the middle of retrains

MEASURED := $(shell sed -nE 's/^([a-z0-9-]+):.*\#: .*/\1/p' $(firstword $(MAKEFILE_LIST)))
.PHONY: $(MEASURED)
$(MEASURED): environments
	@$(if $(strip $(builds)),$(PYTHON) -m infra.environments.build $(builds) &&) \
	  $(if $(strip $(runs_in)),$(call in,$(strip $(runs_in))),$(PYTHON)) -m tests.benchmarks.$(or $(strip $(module)),$(@:bench-%=%)) $(arguments)

.PHONY: audit
audit: ## known holes in what the locks pin
	@$(PYTHON) -m infra.environments.build checks
	@for lock in airflow spark train torch serve mlflow cluster; do echo "── $$lock"; \
	  $$($(PYTHON) -c "from infra.environments.names import python; print(python('checks').with_name('pip-audit'))") \
	  --requirement infra/environments/$$lock.txt --disable-pip --strict --progress-spinner off || failed=1; done; exit $${failed:-0}

.PHONY: compose-env
compose-env: ## write .env for docker-compose.yaml; DATA=folder or own.toml, FORMAT=, DATASET=
	@$(PYTHON) -m infra.environments.build spark
	@$(PYTHON) -m infra.compose $${DATA:+--data "$$DATA"} $${FORMAT:+--format "$$FORMAT"} $${DATASET:+--dataset "$$DATASET"}

.PHONY: pictures
pictures: environments ## pictures of the running console into OUT; needs a Chromium
	@$(PYTHON) -m infra.environments.build browser
	@$(call in,browser) -m tests.browser.pictures $${OUT:-.recall/pictures} --try

.PHONY: env
env: ## where store, Redis and MLflow of the local stack are, for eval
	@$(PYTHON) -m infra.local env
