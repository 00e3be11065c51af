"""Uploads that are counted and never parsed, for measurements."""
