"""Who works here: signing in, the lock, the people of the shop."""
