"""What comes in from outside, and what counts as news of it."""
