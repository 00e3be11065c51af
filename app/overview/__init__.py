"""What somebody wants to know first: what is broken, what runs, what comes, what is about to end."""
