"""What an evaluation asks and what it answers: metrics, packs, evidence, comparisons."""
