"""Looking the whole installation over: what is well, what to watch, what must be mended and how (`opsdesk doctor`)."""
