"""A run followed live: server-sent events, and tickets for those who can send no header."""
