"""The engine for data that outgrows one machine: edges, walks and vectors by Spark."""
