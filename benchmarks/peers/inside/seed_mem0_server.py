"""Fill mem0's server through its own vector store class, with the payloads its own add writes."""

import hashlib
import uuid
from datetime import UTC, datetime

import main  # noqa: F401 - makes the server's configured instance
from mem0.utils.lemmatization import lemmatize_for_bm25
from model import batches
from server_state import get_memory_instance

memory = get_memory_instance()
for texts, vectors in batches():
    now = datetime.now(UTC).isoformat()
    ids = [str(uuid.uuid4()) for _ in texts]
    payloads = [
        {
            "user_id": "bench",
            "role": "user",
            "data": text,
            "hash": hashlib.md5(text.encode()).hexdigest(),
            "created_at": now,
            "updated_at": now,
            "text_lemmatized": lemmatize_for_bm25(text),
        }
        for text in texts
    ]
    memory.vector_store.insert(vectors=vectors, payloads=payloads, ids=ids)

# What PostgreSQL's own daemon would have done by the time a person has so many memories.
with memory.vector_store.connection_pool.connection() as connection:
    connection.autocommit = True
    connection.execute("VACUUM ANALYZE")
