"""Real Twisted applications: loaded, described and run unchanged, on asyncio's loop. Needs the ``twisted`` extra.

Nothing here is imported before something imports Twisted.
"""
