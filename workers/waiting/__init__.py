"""Why a run that was claimed goes back into the queue: the audience's turn, pushes under way."""
