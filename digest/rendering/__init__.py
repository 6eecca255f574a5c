"""Blocks and letters: the only room that knows Jinja, Markdown and premailer."""
