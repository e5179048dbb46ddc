"""What the screens share: frame, state, cache, intake and rendering."""
