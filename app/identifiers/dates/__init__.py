"""Dates of birth: how they are written, and the three columns Meta has for them."""
