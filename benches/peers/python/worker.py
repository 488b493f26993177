"""A worker process for an engine that is called from Python: faiss, usearch or numpy.

It loads a set once and then obeys commands, one JSON object per line; src/protocol.rs says which.
Times are nanoseconds around the engine's own call. It never compares anything.

Under cosine every engine gets unit vectors and takes the inner product, which is the least work.
"""

import json
import os
import sys
import time

import numpy as np
import threadpoolctl


def unit(matrix):
    """The rows at length one, computed in double precision."""
    norms = np.sqrt(np.einsum("ij,ij->i", matrix, matrix, dtype=np.float64))
    return (matrix / norms[:, None]).astype(np.float32)


class Faiss:
    """IndexFlat. The process decides by OPENBLAS_CORETYPE which kernels its OpenBLAS has."""

    def __init__(self, base, metric, permille):
        import faiss

        self.faiss, self.permille, self.parameters = faiss, permille, None
        kind = faiss.IndexFlatIP if metric == "cosine" else faiss.IndexFlatL2
        self.index = kind(base.shape[1])
        self.index.add(base)
        self.threads(1)

    def facts(self):
        return {"version": self.faiss.__version__, "compiled": self.faiss.get_compile_options().strip()}

    def threads(self, threads):
        self.faiss.omp_set_num_threads(threads)

    def filter(self, wanted):
        if wanted is None:
            self.parameters = None
            return
        mask = (self.permille >= wanted["from"]) & (self.permille < wanted["to"])
        bitmap = np.packbits(mask, bitorder="little")
        selector = self.faiss.IDSelectorBitmap(bitmap)
        self.parameters = self.faiss.SearchParameters(sel=selector)

    def ask(self, queries, k, threads):
        return self.index.search(queries, k, params=self.parameters)[1]


class Usearch:
    """Exact search without an index."""

    def __init__(self, base, metric, permille):
        import usearch
        import usearch.index

        self.base, self.usearch = base, usearch
        kinds = usearch.index.MetricKind
        self.metric = kinds.IP if metric == "cosine" else kinds.L2sq

    def facts(self):
        return {"version": self.usearch.__version__}

    def threads(self, threads):
        pass

    def filter(self, wanted):
        if wanted is not None:
            raise ValueError("its exact search has no filters")

    def ask(self, queries, k, threads):
        search = self.usearch.index.search
        found = search(self.base, queries, k, self.metric, exact=True, threads=threads)
        return found.keys.reshape(len(queries), -1)


class Numpy:
    """A product of matrices tile by tile, and argpartition."""

    # As fast as any in a batch; one product is best where a product is one vector long.
    TILE = 2048

    def __init__(self, base, metric, permille):
        self.base, self.norms = base, None
        if metric != "cosine":
            self.norms = np.einsum("ij,ij->i", base, base)

    def facts(self):
        return {"version": np.__version__, "tile": str(self.TILE)}

    def threads(self, threads):
        pass

    def filter(self, wanted):
        if wanted is not None:
            raise ValueError("it has no filters")

    def ask(self, queries, k, threads):
        if len(queries) == 1:
            scores = self.scores(queries[0], slice(None))
            nearest = np.argpartition(scores, k - 1)[:k]
            return nearest[np.argsort(scores[nearest])][None]
        best = None
        for start in range(0, len(self.base), self.TILE):
            scores = self.scores(queries, slice(start, start + self.TILE))
            tile = self.nearest(scores, None, k)
            tile = (tile[0], tile[1] + start)
            if best is not None:
                tile = (np.hstack((best[0], tile[0])), np.hstack((best[1], tile[1])))
                tile = self.nearest(*tile, k)
            best = tile
        order = np.argsort(best[0], axis=1)
        return np.take_along_axis(best[1], order, axis=1)

    def scores(self, queries, rows):
        """Smaller is nearer; what is the same for every row is left out."""
        if self.norms is None:
            return -queries @ self.base[rows].T
        scores = (-2 * queries) @ self.base[rows].T
        scores += self.norms[rows]
        return scores

    @staticmethod
    def nearest(scores, ids, k):
        at = np.argpartition(scores, min(k, scores.shape[1]) - 1, axis=1)[:, :k]
        scores = np.take_along_axis(scores, at, axis=1)
        return scores, at if ids is None else np.take_along_axis(ids, at, axis=1)


ENGINES = {"faiss": Faiss, "usearch": Usearch, "numpy": Numpy}


class Worker:
    def __init__(self, kind):
        self.kind, self.engine, self.limits = kind, None, None

    def obey(self, command):
        if command["do"] == "load":
            return self.load(command["files"], command["metric"])
        if command["do"] == "search" and self.engine is not None:
            return self.search(command)
        return {"error": f"{self.kind} can't do {command['do']} now"}

    def load(self, files, metric):
        base, queries = np.load(files["base"]), np.load(files["queries"])
        if metric == "cosine":
            base, queries = unit(base), unit(queries)
        permille = np.load(files["permille"]).ravel() if files["permille"] else None
        self.queries = np.ascontiguousarray(queries)
        self.engine = ENGINES[self.kind](np.ascontiguousarray(base), metric, permille)
        facts = {"python": sys.version.split()[0], **self.engine.facts()}
        for library in threadpoolctl.threadpool_info():
            ours = self.kind in os.path.basename(os.path.dirname(library["filepath"]))
            if library["internal_api"] == "openblas" and ours:
                facts["openblas"] = library["version"]
                facts["core_type"] = library["architecture"]
        return {"facts": facts}

    def search(self, ask):
        threads, k = ask["threads"], ask["k"]
        if self.limits != threads:
            threadpoolctl.threadpool_limits(threads)
            self.engine.threads(threads)
            self.limits = threads
        filters = ask["filters"] or [None]
        step = max(ask["to"] - ask["from"], 1) if ask["batch"] else 1
        ns, ids = [], []
        for call, start in enumerate(range(ask["from"], ask["to"], step)):
            wanted = filters[min(call, len(filters) - 1)]
            queries = self.queries[start : start + step]
            if ask["prepared"]:
                self.engine.filter(wanted)
            started = time.perf_counter_ns()
            if not ask["prepared"]:
                self.engine.filter(wanted)
            found = self.engine.ask(queries, k, threads)
            ns.append(time.perf_counter_ns() - started)
            if ask["ids"]:
                # faiss fills up with -1 where fewer than k rows match.
                ids += [[int(row) for row in rows if row >= 0] for rows in found]
        return {"ns": ns, "ids": ids}


def main():
    # What a library prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker(sys.argv[1])
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = worker.obey(command)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
