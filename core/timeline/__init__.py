"""OTIO in, shots and hits out; stems placed back into OTIO."""
