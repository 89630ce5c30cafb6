"""The small language of the rules: read, checked against what is known of an order, run without surprises."""
