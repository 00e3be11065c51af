"""How much may be called: the governor of an ad account, its pace, and what is shared between processes."""
