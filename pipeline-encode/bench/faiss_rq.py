#!/usr/bin/env python3
"""Vectors a CPU second of Faiss's residual quantizer, one thread, at the shape of QuantizerBenchmark.

    python3 pipeline-encode/bench/faiss_rq.py [rounds]        # needs faiss and numpy

Greedy like the product's encoder: a beam of 1. Distribution packages of Faiss are built for any x86-64 and reach a small part of
the speed of its own build for AVX-512 (the package faiss-cpu). That one brings an OpenBLAS which takes processors newer than itself
for a Prescott of 2004, at a third of the speed; so its kernels are named here, by what the processor has, unless OPENBLAS_CORETYPE
is set.
"""
import os
import pathlib
import statistics
import sys
import time

cpu = pathlib.Path("/proc/cpuinfo")
features = cpu.read_text().split() if cpu.exists() else []
kernels = [name for feature, name in (("avx512f", "SkylakeX"), ("avx2", "Haswell")) if feature in features]
if kernels:
    os.environ.setdefault("OPENBLAS_CORETYPE", kernels[0])
os.environ["OPENBLAS_NUM_THREADS"] = "1"

try:
    import faiss
    import numpy
except ImportError as missing:
    sys.exit(f"{missing}; install python3-faiss to compare with it")

DIMENSIONS, LEVELS, BITS, COUNT = 300, 4, 8, 9600

faiss.omp_set_num_threads(1)
random = numpy.random.default_rng(1)
train = numpy.tanh(random.standard_normal((4096, DIMENSIONS))).astype(numpy.float32)
vectors = numpy.tanh(random.standard_normal((COUNT, DIMENSIONS))).astype(numpy.float32)
quantizer = faiss.ResidualQuantizer(DIMENSIONS, LEVELS, BITS)
quantizer.train_type = faiss.ResidualQuantizer.Train_default
quantizer.max_beam_size = 1
quantizer.train(train)
# Newer releases offer the look-up table of codeword products; take the faster way.
ways = [0, 1] if hasattr(quantizer, "use_beam_LUT") else [0]
for way in ways:
    if hasattr(quantizer, "use_beam_LUT"):
        quantizer.use_beam_LUT = way
        if way:
            quantizer.compute_codebook_tables()
    quantizer.compute_codes(vectors[:960])
    rates = []
    for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 5):
        began = time.process_time()
        quantizer.compute_codes(vectors)
        rates.append(COUNT / (time.process_time() - began))
    print(f"faiss {faiss.__version__} use_beam_LUT={way}: median {statistics.median(rates):.0f} vectors/s "
          f"of {[round(rate) for rate in sorted(rates)]}")
