"""What forecasts are made from: what was measured on this machine, what devices draw, what energy costs."""
