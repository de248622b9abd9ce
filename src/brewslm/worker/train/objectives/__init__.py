"""What a training minimises; the loop is the same for all of them."""
