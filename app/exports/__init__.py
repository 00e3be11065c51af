"""Resource: which segments go to which audience, and how."""
