"""The fast path: gradients derived by hand for models that are shaped like Llama, on CPUs."""
