"""The template: a process that has loaded the libraries, and of which workers are forked."""
