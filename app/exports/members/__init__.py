"""From an export's mapping to staged rows: mapping, suppression, staging; shared by previews and runs."""
