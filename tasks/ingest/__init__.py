"""Ingestion: files of a source become a snapshot of one day.

Invalid rows go to quarantine, each with its reason.

    files → sources (which file, which fields) → lines (numbered) → verdicts (one schema, a reason
    each) and catalogue
          → splits (what a row is for) → tables (Parquet) → figures → batch (Great Expectations) →
          report → the store

Rows in = kept + quarantined + later than the day; the run fails when that does not hold.
"""
