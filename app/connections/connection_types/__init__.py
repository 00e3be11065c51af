"""Which kinds of connection there are and what each offers; not the connections themselves."""
