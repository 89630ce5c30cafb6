"""The fraud desk: the queue of cases, one case on one screen, the call, and the decision."""
