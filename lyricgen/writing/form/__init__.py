"""What a song must be: its lines, how they begin, how they end, and which characters may come next."""
