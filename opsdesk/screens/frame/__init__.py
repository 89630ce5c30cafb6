"""What every screen stands in: the host, reading and carrying out, panels, palette."""
