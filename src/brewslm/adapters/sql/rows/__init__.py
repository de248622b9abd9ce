"""One repository per noun: core models in, core models out."""
