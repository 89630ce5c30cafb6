"""What is known of an order when it is placed, and the facts that rules can ask about."""
