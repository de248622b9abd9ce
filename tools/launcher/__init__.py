"""What `./brewslm` needs to make its environment; standard library only."""
