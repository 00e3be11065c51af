"""What is generated and committed is what would be generated now."""

import json
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from app.db.models import Base
from app.db.session import Database
from app.settings import Settings
from tests.conftest import api_document
from tests.house import licences, settings_page

ROOT = Path(__file__).parents[2]


def test_the_published_openapi_document_is_current() -> None:
    """After a change of the API: `make openapi`."""
    published = json.loads((ROOT / "openapi" / "openapi.json").read_text())
    assert published == json.loads(json.dumps(api_document()))


def test_the_page_of_settings_is_current_and_says_what_each_is_for() -> None:
    """After a change of app/settings.py: `make docs`."""
    assert all(field.description for field in Settings.model_fields.values())
    assert settings_page.PAGE.read_text() == settings_page.page()
    listed = [name for _, names in settings_page.chapters() for name in names]
    assert listed == list(Settings.model_fields)


def test_the_list_of_licences_is_current() -> None:
    """After a change of requirements.lock: `make licences`, and a look at what is new."""
    assert licences.listed() == licences.rows()
    for line in licences.listed().values():
        assert licences.ALLOWED.search(line.split("|")[3]), line


async def test_the_migrations_make_the_schema_of_the_models(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        return list(compare_metadata(context, Base.metadata))

    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
