"""What comes with the package."""

from pathlib import Path

BUNDLED = Path(__file__).parents[2] / "bundled"

SAMPLES_FOLDER = BUNDLED / "samples"
BASE_MODELS_FOLDER = BUNDLED / "base_models"
