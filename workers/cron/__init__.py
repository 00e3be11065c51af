"""What arq starts by the clock, beside the runs."""
