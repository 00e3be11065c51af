"""Staged rows to Meta: batches, upload sessions, replacement, what was answered; not where rows come from."""
