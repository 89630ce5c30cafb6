"""What is read of one order."""
