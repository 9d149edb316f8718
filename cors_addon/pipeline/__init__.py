"""A whole archive of recordings judged, on as many cores or machines as there are: rows in Parquet files.

`rows` is the step, a plain function of one recording. `plan` says what is left to do, `parts` keeps what is done, `run`
has Dask do it, and `questions` are what people ask of the rows, as SQL for DuckDB. None of the packages that these need
is loaded before it is used; the extra `pipeline` brings them.

Law 1: each recording is told once: by one row of its own, and a row for each judgement of it. All of them are in one
       file, which appears whole or not at all.
Law 2: what is wrong with a recording is told in its row, and ends nothing. That includes what ends its worker.
Law 3: whatever is stopped, and wherever, the same call goes on from there.
"""
