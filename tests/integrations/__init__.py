"""Tests of the scripts and of their installer."""
