"""What must always be true of a store, asked in plain SQL, whatever the program believes (`opsdesk verify`)."""
