"""The whole product on one machine, on loopback: Valkey, MLflow and Airflow's four processes under
one supervisor.

Standard library only: `make run` starts this with whatever Python 3.11 the machine has.
"""
