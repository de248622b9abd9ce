"""RunEvents: the audit spine. One file of payloads per stage; `reasons.py` is the closed taxonomy."""
