"""What bootstrap gives beside the engine itself."""
