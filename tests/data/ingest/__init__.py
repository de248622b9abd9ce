"""Files of all formats, dialects and encodings, with the counts that are right for them."""
