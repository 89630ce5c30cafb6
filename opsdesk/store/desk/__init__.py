"""What belongs to people at their desks: drafts, presence, tries to sign in."""
