"""What texts mean, as vectors: a sentence-embedding model run by onnxruntime, and nowhere else.

Needs the extra `embed`. Nothing is downloaded when it runs: the model is a package of the index.
"""
