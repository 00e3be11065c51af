"""queries of sources, and kept answers, are sealed; the audit has the hash of a query"""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

from app.db.secrets import Vault
from app.errors import ConfigurationError
from app.settings import read_settings

revision = "5b8e2f60d9c7"
down_revision = "3fb08d6c71e5"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # a migration that cannot get its lock at once must not make the service queue behind it
    op.execute("set local lock_timeout = '5s'")
    op.add_column("segments", sa.Column("query", sa.LargeBinary(), nullable=True))
    connection, vault = op.get_bind(), _Keys()
    rows = connection.execute(
        sa.text("select id, source->>'query' from segments where source->>'query' is not null")
    ).all()
    for row_id, query in rows:
        connection.execute(
            sa.text(
                "update segments set query = :sealed, source = source - 'query' where id = :id"
            ),
            {"id": row_id, "sealed": vault().seal(query, owner=f"segments/{row_id}/query")},
        )
    for column in ("before", "after"):
        rows = connection.execute(
            sa.text(
                f"select id, {column} from audit_events "  # noqa: S608 - one of two names
                f"where {column}->'source'->>'query' is not null"
            )
        ).all()
        for row_id, document in rows:
            query = document["source"].pop("query")
            document["source"]["query_sha256"] = hashlib.sha256(query.encode()).hexdigest()
            connection.execute(
                sa.text(
                    f"update audit_events set {column} = cast(:document as jsonb) where id = :id"  # noqa: S608
                ),
                {"id": row_id, "document": json.dumps(document)},
            )
    rows = connection.execute(
        sa.text("select claim, body from idempotency_keys where body is not null")
    ).all()
    for claim, body in rows:
        sealed = vault().seal(bytes(body).decode(), owner=f"idempotency_keys/{claim}/body")
        connection.execute(
            sa.text("update idempotency_keys set body = :body where claim = :claim"),
            {"claim": claim, "body": sealed},
        )


def downgrade() -> None:
    """The audit keeps its hashes: the queries they were of are known to nobody any more."""
    connection, vault = op.get_bind(), _Keys()
    rows = connection.execute(
        sa.text("select id, query from segments where query is not null")
    ).all()
    for row_id, sealed in rows:
        query = vault().open(bytes(sealed), owner=f"segments/{row_id}/query")
        connection.execute(
            sa.text(
                "update segments set source = source || jsonb_build_object('query', cast(:query as text)) "
                "where id = :id"
            ),
            {"id": row_id, "query": query},
        )
    op.drop_column("segments", "query")
    rows = connection.execute(
        sa.text("select claim, body from idempotency_keys where body is not null")
    ).all()
    for claim, sealed in rows:
        body = vault().open(bytes(sealed), owner=f"idempotency_keys/{claim}/body")
        connection.execute(
            sa.text("update idempotency_keys set body = :body where claim = :claim"),
            {"claim": claim, "body": body.encode()},
        )


class _Keys:
    """The keys of this deployment, asked for only where there is something to seal."""

    def __init__(self) -> None:
        self._vault: Vault | None = None

    def __call__(self) -> Vault:
        if self._vault is None:
            keys = [key.get_secret_value() for key in read_settings().encryption_keys]
            if not keys:
                raise ConfigurationError(
                    "Set ENCRYPTION_KEYS: this migration seals with them what lay in plain."
                )
            self._vault = Vault(keys)
        return self._vault
