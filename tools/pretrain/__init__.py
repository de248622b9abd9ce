"""How the bundled base model brewslm-tiny-v1 is made: corpus, tokenizer, training, evaluation, export, card."""
