"""What preflight and launch both have to know: the machine as it is now, and what a plan was made from."""
