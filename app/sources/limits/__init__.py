"""How much a packed file may unpack to, told from its own metadata before anything is unpacked."""
