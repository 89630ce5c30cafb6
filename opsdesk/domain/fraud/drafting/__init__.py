"""Writing a rule: its examples, what it would have done lately, its versions, its text."""
