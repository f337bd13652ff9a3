"""The Gemma chapter, a room for each topic."""
