#!/usr/bin/env python3
"""Vectors a CPU second of Faiss's residual quantizer, one thread, at the shape of QuantizerBenchmark.

    python3 pipeline-encode/bench/faiss_rq.py [rounds]        # needs faiss and numpy

Greedy like the product's encoder: a beam of 1. Distribution packages of Faiss are built for any x86-64 and reach a small part of
the speed of its own build for AVX-512 (the package faiss-cpu).
"""
import statistics
import sys
import time

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
