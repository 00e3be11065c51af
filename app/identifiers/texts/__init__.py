"""Keys that are spelled: e-mail, names, city, gender, and the plain ones; and how scripts are folded."""
