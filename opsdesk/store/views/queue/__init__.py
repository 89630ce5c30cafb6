"""What is read of many orders: pages, filters, counts."""
