"""The team's own model: encoder and decoder on onnxruntime, read from a bundle."""
