"""What crosses between the server and a serving process, and the nouns of an endpoint."""
