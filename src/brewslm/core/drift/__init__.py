"""Whether an endpoint is still what it was when its release was promoted: plain statistics, and verdicts of them."""
