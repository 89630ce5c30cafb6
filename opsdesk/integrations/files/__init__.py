"""Files from shops and for them: orders and products, read one record at a time."""
