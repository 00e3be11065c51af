"""What a test may turn: faults, quotas, the clock, switches; and the record of calls."""
