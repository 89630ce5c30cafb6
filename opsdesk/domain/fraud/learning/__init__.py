"""What became of what was judged: labels, precision with intervals, calibration, programmes, and the back-test."""
