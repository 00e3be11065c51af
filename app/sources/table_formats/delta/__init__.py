"""Delta Lake: its log, and the files of one version."""
