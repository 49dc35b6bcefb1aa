"""Work that outlives a request: its states, its dispatch, and the workers that do it."""
