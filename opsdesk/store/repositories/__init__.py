"""The rows of one unit of work, found under lock."""
