"""Bytes of `torch.save` to plain values, without running anything that a file names."""
