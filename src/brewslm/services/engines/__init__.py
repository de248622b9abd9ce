"""Where trainings run: what a job asks for, and how the engines are."""
