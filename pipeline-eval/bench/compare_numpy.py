#!/usr/bin/env python3
"""Mean average precision over all, by NumPy's argsort, on the data that io.dpq.eval.RetrievalBenchMain wrote.

    compare_numpy.py FOLDER

Scores are table look-ups as in the job: one gather a level and query. Equal scores stay in the order of the rows, since
argsort knows no expectation over ties, so that short codes differ in the third digit from the job's exact value.
"""
import json
import sys
import time

import numpy as np

folder = sys.argv[1]
with open(folder + "/shape.json") as f:
    shape = json.load(f)
rows, queries, levels, codewords, dimensions = (
    shape[k] for k in ("rows", "queries", "levels", "codewords", "dimensions"))


def load(name, kind, *dims):
    return np.fromfile(folder + "/" + name, kind).reshape(dims)


codebooks = load("codebooks.bin", "<f4", levels, codewords, dimensions)
codes = load("codes.bin", "<i2", rows, levels)
asked = load("queries.bin", "<f4", queries, dimensions)
row_labels = load("row-labels.bin", "<i2", rows)
query_labels = load("query-labels.bin", "<i2", queries)

begin = time.perf_counter()
columns = [np.ascontiguousarray(codes[:, l]) for l in range(levels)]
tables = np.einsum("qd,lkd->qlk", asked, codebooks, optimize=True)
ranks = np.arange(1, rows + 1)
sums = np.zeros(levels)
for q in range(queries):
    scores = np.zeros(rows)
    for l in range(levels):
        scores += tables[q, l][columns[l]]
        relevant = (row_labels == query_labels[q])[np.argsort(-scores, kind="stable")]
        found = np.cumsum(relevant)
        if found[-1]:
            sums[l] += (found[relevant] / ranks[relevant]).mean()
seconds = time.perf_counter() - begin
print(json.dumps({"numpy": np.__version__, "seconds": round(seconds, 3), "map": [round(m, 4) for m in sums / queries]}))
