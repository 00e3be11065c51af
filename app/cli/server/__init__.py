"""Commands that run, prepare or stop a service on this machine."""
