"""The Order Status menu and the file it is read from."""
