"""What a release needs besides code: the lock, licences, a bill of materials, an audit, the files and their version."""
