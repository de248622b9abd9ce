"""Files of a workspace: the atomic layer, drafts, and the artifact store."""
