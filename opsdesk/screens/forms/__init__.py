"""The forms of one order: each asks what its command needs, keeps what is typed, and closes with what was done."""
