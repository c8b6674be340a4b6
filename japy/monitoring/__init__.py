"""Monitoring: what a running server shows, and how it is told what to do."""
