"""Members in Postgres and what answers as Postgres; nothing for other servers."""
