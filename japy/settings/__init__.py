"""Settings: what can be set, where that comes from, and the checked whole."""
