"""The OpenAI API over an engine: requests, answers as they grow, replies."""
