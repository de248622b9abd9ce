"""The general path: autograd, for any causal language model of transformers."""
