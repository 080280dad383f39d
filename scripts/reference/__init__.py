"""The verbs of scripts/make-reference.py, one module each."""
