"""Money of an order: its movements, gateways, links and books."""
