"""A document store of Haystack over a database of iqdb: `pip install iqdb[haystack]`.

>>> from haystack import Document
>>> from iqdb.integrations.haystack import IqdbDocumentStore
>>> store = IqdbDocumentStore(dim=2)
>>> documents = [Document(content="a", meta={"year": 1999}, embedding=[1.0, 0.0])]
>>> store.write_documents(documents)
1
>>> store.embedding_retrieval([1.0, 0.0], top_k=1)[0].content
'a'
>>> old = {"field": "meta.year", "operator": "<", "value": 2000}
>>> [document.content for document in store.filter_documents(old)]
['a']
"""

from iqdb.integrations.haystack.retriever import IqdbEmbeddingRetriever
from iqdb.integrations.haystack.store import IqdbDocumentStore

__all__ = ["IqdbDocumentStore", "IqdbEmbeddingRetriever"]
