"""Where data and base models come from: files, bundled samples, bundled models, the Hugging Face hub."""
