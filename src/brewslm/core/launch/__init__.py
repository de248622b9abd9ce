"""What preflight and launch both have to know: the machine as it is now, what was measured on it, what it costs."""
