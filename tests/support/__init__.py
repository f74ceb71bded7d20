"""What the tests share: oracles written apart from the product, toys, and the command line."""
