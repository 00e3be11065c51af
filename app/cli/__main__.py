"""`python -m app.cli` is the same as the console script `audience-export`."""

from app.cli import app

app()
