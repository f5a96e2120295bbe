"""Ingestion: the files of a source become one day's snapshot, and what is wrong with them is set
aside with its reason.

    files → sources (which file, which fields) → lines (numbered) → verdicts (one schema, a reason
    each) and catalogue
          → splits (what a row is for) → tables (Parquet) → figures → batch (Great Expectations) →
          report → the store

Rows in = kept + quarantined + later than the day; the run fails when that does not hold.
"""
