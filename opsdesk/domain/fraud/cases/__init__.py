"""Cases: from suspicion through contact with the customer to the decision of a person, against one clock."""
