"""Being a good citizen of a terminal: untrusted text, control characters, signals, exit codes."""
