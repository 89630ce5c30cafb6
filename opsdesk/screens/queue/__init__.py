"""The order queue: its rows, its preview, its jobs."""
