"""When exports run of themselves, and running all of them at once."""
