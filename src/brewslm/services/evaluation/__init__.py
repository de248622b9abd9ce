"""Around an evaluation: eval packs, the rows that fail, and review lists of them."""
