"""Where somebody lives: country, state and postal code, and the tables that know them."""
