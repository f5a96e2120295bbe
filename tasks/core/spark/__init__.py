"""Spark, where it runs and how it is started: for every stage that can outgrow one machine."""
