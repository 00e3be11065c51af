"""Meta's error codes: what each means, and how an answer becomes one of the errors of this package."""
