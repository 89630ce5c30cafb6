"""The people of the shop, and becoming one of them."""
