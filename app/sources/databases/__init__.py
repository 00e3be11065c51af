"""Servers asked by SQL: what SEGMENT_DATABASES names, what their readers share, and a room a protocol."""
