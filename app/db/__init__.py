"""Postgres, and nothing else: tables, transactions, and the secrets kept in them."""
