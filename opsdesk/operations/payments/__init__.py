"""Money taken, held, asked for, and what gateways say of it."""
