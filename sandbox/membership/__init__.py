"""Who is in an audience, and its checksum."""
