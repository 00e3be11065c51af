"""One module for each thing a preflight looks at, and what a verdict is; the whole is in preflight.py."""
