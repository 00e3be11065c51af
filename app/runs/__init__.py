"""Resource: one execution of an export."""
