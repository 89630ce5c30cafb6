"""The fraud desk: scores, cases, contact, decisions, lists."""
