"""Scripts that the tools' own interpreters run; they know nothing of ours."""
