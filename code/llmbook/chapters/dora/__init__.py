"""The DoRA chapter, a room for each topic."""
