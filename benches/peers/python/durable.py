"""A worker process for a durable engine that is called from Python: lancedb, qdrant-edge, sqlite-vec.

It obeys one JSON object per line; src/durable/remote.rs says which. Times are nanoseconds around the
engine's own calls: what it is called with is built before.
"""

import json
import os
import sys
import time

import numpy as np


class Lancedb:
    """A table without an index. A commit is on disk when the system writes it: there is no sync."""

    def __init__(self, directory, dim):
        import lancedb
        import pyarrow

        self.arrow, self.version = pyarrow, lancedb.__version__
        vector = pyarrow.list_(pyarrow.float32(), dim)
        self.schema = pyarrow.schema([("id", pyarrow.uint64()), ("vector", vector)])
        self.table = lancedb.connect(directory).create_table("rows", schema=self.schema)

    def built(self, ids, rows):
        vectors = self.arrow.FixedSizeListArray.from_arrays(self.arrow.array(rows.ravel()), rows.shape[1])
        columns = [self.arrow.array(ids, self.arrow.uint64()), vectors]
        return self.arrow.Table.from_arrays(columns, schema=self.schema)

    def commit(self, built):
        self.table.add(built)

    def rows(self):
        return self.table.count_rows()


class QdrantEdge:
    """A shard, flushed after each update."""

    def __init__(self, directory, dim):
        import importlib.metadata

        import qdrant_edge

        self.qdrant, self.version = qdrant_edge, importlib.metadata.version("qdrant-edge-py")
        vectors = qdrant_edge.EdgeVectorParams(size=dim, distance=qdrant_edge.Distance.Euclid)
        self.shard = qdrant_edge.EdgeShard.create(directory, qdrant_edge.EdgeConfig(vectors=vectors))

    def built(self, ids, rows):
        points = [self.qdrant.Point(id=i, vector=row.tolist()) for i, row in zip(ids, rows)]
        return self.qdrant.UpdateOperation.upsert_points(points)

    def commit(self, built):
        self.shard.update(built)
        self.shard.flush()

    def rows(self):
        return self.shard.count(self.qdrant.CountRequest(exact=True))


class SqliteVec:
    """A vec0 table, a write-ahead log, and a sync per transaction."""

    def __init__(self, directory, dim):
        import apsw
        import sqlite_vec

        self.db = apsw.Connection(os.path.join(directory, "db.sqlite"))
        self.db.enable_load_extension(True)
        self.db.load_extension(sqlite_vec.loadable_path())
        self.version = f"{sqlite_vec.__version__} with SQLite {apsw.sqlite_lib_version()}"
        self.db.execute("pragma journal_mode = wal; pragma synchronous = full")
        self.db.execute(f"create virtual table rows using vec0(id integer primary key, vector float[{dim}])")

    def built(self, ids, rows):
        return [(i, row.tobytes()) for i, row in zip(ids, rows)]

    def commit(self, built):
        with self.db:
            self.db.executemany("insert into rows(id, vector) values (?, ?)", built)

    def rows(self):
        return self.db.execute("select count(*) from rows").get


ENGINES = {"lancedb": Lancedb, "qdrant-edge": QdrantEdge, "sqlite-vec": SqliteVec}


class Worker:
    def __init__(self, kind):
        self.kind, self.engine, self.data = kind, None, None

    def obey(self, command):
        if command["do"] == "create":
            self.data = np.load(command["rows"])
            self.engine = ENGINES[self.kind](command["directory"], self.data.shape[1])
            return {"facts": {"python": sys.version.split()[0], "version": self.engine.version}}
        if command["do"] == "write":
            return self.write(command["first"], command["batch"], command["commits"], command["within_ms"])
        if command["do"] == "count":
            return {"numbers": {"rows": self.engine.rows()}}
        return {"error": f"{self.kind} can't do {command['do']}"}

    def write(self, first, batch, commits, within_ms):
        built = []
        for start in range(first, first + commits * batch, batch):
            at = start % (len(self.data) - batch + 1)
            built.append(self.engine.built(range(start, start + batch), self.data[at : at + batch]))
        ns = []
        for one in built:
            started = time.perf_counter_ns()
            self.engine.commit(one)
            ns.append(time.perf_counter_ns() - started)
            if sum(ns) > within_ms * 1e6:
                break
        return {"ns": ns}


def main():
    # What a library prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker(sys.argv[1])
    for line in sys.stdin:
        try:
            answer = worker.obey(json.loads(line))
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
