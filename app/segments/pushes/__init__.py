"""Members that are pushed: their body received, hashed, kept; how pushed members are read is in pushed.py."""
