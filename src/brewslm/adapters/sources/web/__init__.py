"""Files on the network: which addresses may be asked, how a download goes on, and what its file is called."""
