"""What a process tells of itself: log, metrics, traces. Whatever happens is counted where it happens."""
