"""The OLMo chapter, a room for each topic."""
