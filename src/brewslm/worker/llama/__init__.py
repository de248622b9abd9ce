"""Models as llama.cpp reads them: written as GGUF, quantised by its kernels, and run in its own runtime."""
