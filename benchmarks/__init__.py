"""What the service costs: rows a second, CPU seconds and peak memory, measured on the real processes."""
