"""From examples to tokens with a mask, by the base model's own tokenizer and template."""
