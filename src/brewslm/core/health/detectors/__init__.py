"""What is watched, a file a subject. A detector remembers a bounded window, and looks at one observation at a time."""
