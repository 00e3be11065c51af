"""What an account may do in a Postgres database, asked of the server itself."""

# what people keep in it, not the server's own
_PEOPLES = """
    c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%'
"""
READS = f"""
    SELECT EXISTS (
        SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE {_PEOPLES} AND has_table_privilege(c.oid, 'SELECT')
    )
"""  # noqa: S608 - nothing of a caller's
"""Whether the account may read any of it."""
# also by what it may become: a query could call set_config('role', …)
WRITES = f"""
    WITH becomes AS (SELECT oid, rolsuper, rolcreaterole FROM pg_roles WHERE pg_has_role(oid, 'MEMBER'))
    SELECT
        EXISTS (
            SELECT FROM becomes WHERE rolsuper OR rolcreaterole OR oid::regrole::text IN
                ('pg_write_all_data', 'pg_write_server_files', 'pg_execute_server_program')
        )
        OR EXISTS (
            SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, becomes b
            WHERE {_PEOPLES} AND (
                has_table_privilege(b.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
                OR has_any_column_privilege(b.oid, c.oid, 'INSERT, UPDATE')
            )
        )
"""  # noqa: S608 - nothing of a caller's
"""Whether it holds a right beyond reading, itself or by a role it may take on."""
READER = (
    "CREATE ROLE segment_reader LOGIN PASSWORD '…'; GRANT USAGE ON SCHEMA public TO segment_reader; "
    "GRANT SELECT ON ALL TABLES IN SCHEMA public TO segment_reader;"
)
"""Statements that make an account which may only read."""
