"""Commands for scripts and people: parse, call one operation or view, print."""
