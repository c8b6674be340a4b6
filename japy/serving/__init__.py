"""Serving: one worker process, from what it imports to the connections that it drains."""
