"""What the model reads: files -> text -> ids -> minibatches."""
