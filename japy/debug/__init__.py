"""The page that shows an error to its developer."""
