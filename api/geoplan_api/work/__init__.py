"""Work that is done beside the web process: in processes with limits, at once or as a job.

`pool` hands work out, `compute` and `describe` are what runs there, `jobs` keeps what is done
later. The web process itself imports no library that computes.
"""
