"""The scripts for DaVinci Resolve, run in real Lua."""
