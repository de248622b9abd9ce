"""What happens between the matrix products: in plain torch, or in kernels of our own."""
