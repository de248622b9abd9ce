"""What is released: bundles, and forms for devices."""
