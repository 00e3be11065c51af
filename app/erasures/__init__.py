"""Resource: people who asked to be forgotten, taken out of everything and kept out."""
