"""Feeds come in: fetched politely and safely, parsed leniently, cleaned to plain text.

`HttpFeedReader` in `reader.py` is the door; nothing else here is meant to be used from outside.
"""
