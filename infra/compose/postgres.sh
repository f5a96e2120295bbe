#!/bin/sh
# Runs once, when the database is made: a user and a database for Airflow and for MLflow, each with its own password and nothing of the other's.
set -eu
for one in airflow mlflow; do
    case "$one" in
        airflow) password="$AIRFLOW_DATABASE_PASSWORD" ;;
        mlflow) password="$MLFLOW_DATABASE_PASSWORD" ;;
    esac
    psql --set ON_ERROR_STOP=1 --set name="$one" --set password="$password" --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
done
