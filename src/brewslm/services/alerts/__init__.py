"""The bell, and the outbox that carries what it shows to the alert channels."""
