"""Writes every data file that has a source: python -m tables."""

from tables import countries, postal_codes, subdivisions

for made in (countries, postal_codes, subdivisions):
    print(made.write())
