"""What may be expected of a training before it is paid for: benchmarks of base models."""
