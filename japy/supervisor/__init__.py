"""The supervisor: the master process, what it needs of the system, and how it sees its workers."""
