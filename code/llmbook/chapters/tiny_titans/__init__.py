"""The Tiny Titans chapter, a room for each topic."""
