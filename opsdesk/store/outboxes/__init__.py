"""What waits to leave the house, claimed one by one."""
