"""GLU, SwiGLU and GeGLU: what serves chapters/gemma/03-glu-swiglu-geglu.ipynb alone."""
