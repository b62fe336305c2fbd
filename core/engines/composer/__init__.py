"""The embedded default engine: a symbolic writer and the instruments that play it. No weights, no GPU, no torch.

The way through: `outline` (form, harmony, gestures) → `compose` (parts and notes) → `render` (stems).
"""
