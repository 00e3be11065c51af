"""Resource: an address that is told of runs and connections, and how each event reaches it."""
