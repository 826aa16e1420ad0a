"""The passes over the rows of one block in memory: fused C++ where it was built, BLAS and NumPy elsewhere.

A pass is described by a :class:`softgrad.kernels.job.Job` and summed by :func:`softgrad.kernels.passes.run`. Whatever
runs it keeps the formulas and limits of :mod:`softgrad.maths`. Logits are class-major here, (n_classes, n), so that
the vector lanes run along the rows.
"""
