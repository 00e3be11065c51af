"""Resource: a named set of members and where they are read from."""
