"""The demonstration: a made-up person's mail, calendar and address book, and one round of kith over them.

Laid out once in a folder of its own; everything else goes through the code a user runs.
"""
