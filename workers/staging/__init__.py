"""Segments to staged rows, and whether these may be used: unreadable, unchanged, too few; nothing is sent."""
