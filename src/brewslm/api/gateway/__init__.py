"""The OpenAI-compatible gateway: who may ask, how much at a time, who answers, and what is kept of it."""
