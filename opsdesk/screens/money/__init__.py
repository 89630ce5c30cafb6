"""Money on the screen: the sheet of one order, the forms that move it, and the desk of what waits."""
