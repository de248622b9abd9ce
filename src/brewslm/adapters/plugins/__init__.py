"""What other distributions bring along."""
