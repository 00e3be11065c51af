"""The process itself: its heartbeat, its port for metrics, its memory; nothing of runs."""
