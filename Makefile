# Every command of this project. `make` alone lists them.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
.DEFAULT_GOAL := help
# The interpreter of an environment, which sees the sources.
in = PYTHONPATH=. $$($(PYTHON) -c "from infra.environments.names import python; print(python(\"$(1)\"))")

.PHONY: help
help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | column -t -s $$'\t'

.PHONY: environments
environments: ## build the environments whose lock has changed
	@$(PYTHON) -m infra.environments.build

.PHONY: run
run: environments ## the daily retrain of the next day (DAY=YYYY-MM-DD names one), end to end; SOURCE=my.toml: on your own data
	@$(PYTHON) -m infra.local run

.PHONY: look
look: ## what would be read of SOURCE=my.toml or SOURCE=clicks.csv, file by file, with three rows as they were understood; nothing is written
	@$(PYTHON) -m infra.environments.build spark
	@$(PYTHON) -m infra.local look

.PHONY: quarantine
quarantine: environments ## the bad rows of the newest day (or DAY), as a file to repair; then run DAY=… REPAIRED=file
	@$(PYTHON) -m infra.local quarantine

.PHONY: up
up: environments ## start the local stack without a retrain
	@$(PYTHON) -m infra.local up

.PHONY: status
status: ## what runs, and where
	@$(PYTHON) -m infra.local status

.PHONY: stop
stop: ## stop the local stack; nothing is lost
	@$(PYTHON) -m infra.local stop

.PHONY: clean
clean: ## stop, and remove store, databases and logs; the environments stay
	@$(PYTHON) -m infra.local clean

.PHONY: similar
similar: ## items like TITLE="Star Wars (1977)"; without it, like the one that most users like
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
settings: ## write infra/docs/settings.md and the trigger forms' data anew from the sources
	@$(PYTHON) -m infra.docs.settings

.PHONY: bench-ingest
bench-ingest: environments ## ingestion of 1M and 20M rows beside a bare Spark job
	@$(PYTHON) -m tests.benchmarks.ingest

.PHONY: bench-shop
bench-shop: environments ## a planted shop of SIZE 1m, 10m or 25m events from nothing to live through Airflow, nothing set
	@$(PYTHON) -m tests.benchmarks.shop --size $${SIZE:-1m}

.PHONY: bench-sessions
bench-sessions: environments ## R@20 and MRR@20 of FAMILY (gru4rec) on the session set in the folder DATA, SEEDS=3, or of what CANDIDATE= names
	@$(call in,train) -m tests.benchmarks.sessions --data $(DATA) --family $${FAMILY:-gru4rec} --seeds $${SEEDS:-3} $${CANDIDATE:+--candidate $$CANDIDATE}

.PHONY: bench-mutations
bench-mutations: environments ## ten thousand damaged inputs: each refused or with closed accounts
	@$(call in,spark) -m tests.benchmarks.mutations

.PHONY: bench-walks
bench-walks: environments ## random walks beside numpy, alias tables and PecanPy; memory at 20M interactions
	@$(PYTHON) -m infra.environments.build peers
	@$(PYTHON) -m tests.benchmarks.walks

.PHONY: bench-cluster
bench-cluster: environments ## walks and word2vec on a Spark cluster of a master and two workers beside one machine
	@$(call in,spark) -m tests.benchmarks.cluster

.PHONY: bench-item2vec
bench-item2vec: environments ## word2vec in the stage beside plain gensim, and where the seconds of the stage go
	@$(call in,train) -m tests.benchmarks.item2vec

.PHONY: ablation
ablation: environments ## what matters for item2vec, one thing changed at a time: a table on validation rows
	@$(call in,train) -m tests.benchmarks.ablation

.PHONY: bench-linear
bench-linear: environments ## EASE on MovieLens 1M beside numpy's plain inverse, the decoders, and the stage on 100,000 items
	@OPENBLAS_NUM_THREADS=1 $(call in,train) -m tests.benchmarks.linear

.PHONY: bench-publish
bench-publish: environments ## loading, memory, rollback and reading at 200,000 and 1,000,000 vectors beside a bare client
	@$(call in,serve) -m tests.benchmarks.publish

.PHONY: bench-index
bench-index: environments ## inverted lists and a graph beside exact search at a million vectors
	@$(call in,serve) -m tests.benchmarks.index

.PHONY: bench-compressed
bench-compressed: environments ## vectors as wide as a fusion's in 16, 8 and 4 bits and by product quantisation: size, recall@50 by the probe, speed
	@$(call in,serve) -m tests.benchmarks.compressed

.PHONY: drill-publish
drill-publish: environments ## publications and the server killed at random moments under readers who check every answer
	@$(call in,serve) -m tests.benchmarks.drill_publish

.PHONY: bench-evaluate
bench-evaluate: environments ## evaluation of 6,040 × 3,416 and 138,000 × 27,000 beside a bare product with top-k
	@OMP_NUM_THREADS=1 $(PYTHON) -m tests.benchmarks.evaluate

.PHONY: drill-gate
drill-gate: environments ## equal, better and worse models before the gate: how often each gets through
	@$(call in,train) -m tests.benchmarks.gate

.PHONY: bench-gru
bench-gru: environments ## training speed of GRU4Rec beside other layouts and losses
	@$(call in,train) -m tests.benchmarks.gru

.PHONY: drill-gru
drill-gru: environments ## GRU4Rec killed at KILLS=20 random moments: every retry ends with the unbroken run's weights
	@$(PYTHON) -m tests.benchmarks.gru_drill --kills $${KILLS:-20}

PROTOCOL ?= p1-time
FAMILY ?= item2vec
RECIPE ?= default
TRIALS ?= 40
.PHONY: bench-tune
bench-tune: environments ## TRIALS trials of a study of FAMILY on PROTOCOL, killed half-way and taken up again; the winner on test rows, 3 seeds
	@$(PYTHON) -m tests.benchmarks.tuning --protocol $(PROTOCOL) --family $(FAMILY) --trials $(TRIALS)

SEEDS ?= 3
JOBS ?= 1
.PHONY: quality
quality: environments ## quality over seeds: PROTOCOL=p1-time|p1-file|p2|p2-new|p3 FAMILY=item2vec|gru4rec|two_tower|linear|fused RECIPE=default SEEDS=3 JOBS=1
	@$(PYTHON) -m tests.benchmarks.quality --protocol $(PROTOCOL) --family $(FAMILY) --recipe $(RECIPE) --seeds $(SEEDS) --jobs $(JOBS)

.PHONY: bench-days
bench-days: environments ## three days of item2vec: what warm start and alignment cost, and what they keep
	@$(PYTHON) -m tests.benchmarks.days

.PHONY: drill-stop
drill-stop: environments ## the stack stopped, cleaned and its supervisor killed at ROUNDS=20 random moments of a retrain: nothing left, nothing lost
	@$(call in,serve) -m tests.benchmarks.drill_stop --rounds $${ROUNDS:-20}

.PHONY: drill-cluster
drill-cluster: environments ## docker-compose.yaml's services by hand: Celery, Postgres, Valkey with users, an S3 API; a day to live, beside the local stack
	@$(PYTHON) -m infra.environments.build cluster s3 checks
	@$(PYTHON) -m tests.benchmarks.drill_cluster --beside

.PHONY: drill-services
drill-services: environments ## Postgres, Redis, MLflow and the scheduler killed in the middle of retrains, under a reader that asks all the while
	@$(PYTHON) -m infra.environments.build cluster s3 checks
	@$(PYTHON) -m tests.benchmarks.drill_services

.PHONY: audit
audit: ## known holes in what the locks pin; fails as well where it cannot be told
	@$(PYTHON) -m infra.environments.build checks
	@for lock in airflow spark train torch serve mlflow cluster; do echo "── $$lock"; \
	  $$($(PYTHON) -c "from infra.environments.names import python; print(python('checks').with_name('pip-audit'))") \
	  --requirement infra/environments/$$lock.txt --disable-pip --strict --progress-spinner off || failed=1; done; exit $${failed:-0}

.PHONY: compose-env
compose-env: ## write .env for docker-compose.yaml, with generated passwords; DATA=folder or own.toml, FORMAT=, DATASET=
	@$(PYTHON) -m infra.environments.build spark
	@$(PYTHON) -m infra.compose $${DATA:+--data "$$DATA"} $${FORMAT:+--format "$$FORMAT"} $${DATASET:+--dataset "$$DATASET"}
.PHONY: pictures
pictures: environments ## pictures of the running stack's console, wide and narrow, light and dark, into OUT; needs a Chromium
	@$(PYTHON) -m infra.environments.build browser
	@$(call in,browser) -m tests.browser.pictures $${OUT:-.recall/pictures} --try

.PHONY: env
env: ## where store, Redis and MLflow of the local stack are, for eval
	@$(PYTHON) -m infra.local env
