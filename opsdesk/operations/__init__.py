"""What staff can do. One function is one transaction; none of them commits."""
