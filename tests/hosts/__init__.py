"""Fake hosts: programs that behave as DaVinci Resolve and REAPER do, as far as is known, traps included."""
