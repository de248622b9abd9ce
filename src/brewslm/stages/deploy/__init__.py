"""Stage 11: a bundle becomes a release candidate, after it has answered."""

from brewslm.stages.deploy.stage import DEPLOY

__all__ = ["DEPLOY"]
