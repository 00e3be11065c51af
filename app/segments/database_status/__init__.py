"""Whether the databases of SEGMENT_DATABASES answer, for administrators; no members."""
