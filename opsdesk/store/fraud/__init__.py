"""Evidence for the fraud rules, read many orders at a time."""
