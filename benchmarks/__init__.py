"""What must be fast, each measured against its raw limit in the same run."""
