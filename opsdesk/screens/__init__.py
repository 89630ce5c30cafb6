"""One module per desk. Screens know operations and views, never tables or sessions."""
