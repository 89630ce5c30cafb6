"""Pure rules and values of the shop. Imports nothing but the standard library."""
