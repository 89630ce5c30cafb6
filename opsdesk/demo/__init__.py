"""A shop to look at: invented customers, goods and orders in every state that the desks know."""
