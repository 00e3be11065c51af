"""Files to columns: one reader for each format, and which reads which file; not where files lie."""
