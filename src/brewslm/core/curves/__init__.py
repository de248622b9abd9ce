"""The curves of a training, from its journal to a drawing that has not been painted yet."""
