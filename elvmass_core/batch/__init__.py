"""Archive scoring: many recordings → one Parquet table with one row for each, refused ones included.

    discover ──▶ Item … ──┐
    patients ──▶ Given … ─┴─ tasks ──▶ executors (processes | Dask) ──▶ work.score_task ──▶ rows ──▶ parts ──▶ table

`archive.score_archive` is the whole of it; `rows.row_of` makes the row of one `Report`. Workers get paths and give
plain values back; only the parent writes.
"""
