"""A model that reads a text -> what can be seen in it."""
