"""Writes every data file that has a source: python -m tables."""

from tables import calendar_words, countries, postal_codes, subdivisions

for made in (calendar_words, countries, postal_codes, subdivisions):
    print(made.write())
