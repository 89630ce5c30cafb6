"""What staff do with an order and its goods."""
