"""Tokens, permissions, codes and the login dialog; no ad accounts."""
