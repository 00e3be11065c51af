"""Queued runs: in which order they are taken, and why they wait; not how they are started."""
