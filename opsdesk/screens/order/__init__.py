"""One order on one screen."""
