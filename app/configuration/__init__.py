"""Resource: the configuration of a deployment, written out and read into another one (L37)."""
