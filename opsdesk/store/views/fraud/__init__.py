"""What is read of cases and rules."""
