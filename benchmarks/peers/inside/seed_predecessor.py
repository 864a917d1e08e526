"""Fill the predecessor's SQL and its FAISS index with what its own add would have written.

One add rewrites the whole index, so 10,000 of them would take most of an hour.
"""

import hashlib
import uuid
from datetime import UTC, datetime

from app.database import Base, SessionLocal, engine
from app.models import Category, Memory, MemoryState, MemoryStatusHistory, memory_categories
from app.utils.db import get_user_and_app
from app.utils.memory import get_memory_client
from model import batches
from sqlalchemy import insert

Base.metadata.create_all(bind=engine)
session = SessionLocal()
user, app = get_user_and_app(session, user_id="bench", app_id="bench")
category = Category(name="personal", description="Automatically created category for personal")
session.add(category)
session.commit()

store = get_memory_client().vector_store
ids, payloads, vectors = [], [], []
for texts, embedded in batches():
    new = [uuid.uuid4() for _ in texts]
    now = datetime.now(UTC)
    rows = [
        {"id": id_, "user_id": user.id, "app_id": app.id, "content": text}
        for id_, text in zip(new, texts, strict=True)
    ]
    session.execute(insert(Memory.__table__), [{**r, "state": MemoryState.active} for r in rows])
    changed = {"changed_by": user.id, "old_state": MemoryState.deleted}
    session.execute(
        insert(MemoryStatusHistory.__table__),
        [{**changed, "memory_id": id_, "new_state": MemoryState.active} for id_ in new],
    )
    session.execute(
        insert(memory_categories),
        [{"memory_id": id_, "category_id": category.id} for id_ in new],
    )
    ids += [str(id_) for id_ in new]
    vectors += embedded
    payloads += [
        {
            "source_app": "openmemory",
            "mcp_client": "bench",
            "user_id": "bench",
            "role": "user",
            "data": text,
            "hash": hashlib.md5(text.encode()).hexdigest(),
            "created_at": now.isoformat(),
            "updated_at": now.isoformat(),
        }
        for text in texts
    ]
session.commit()
store.insert(vectors=vectors, payloads=payloads, ids=ids)
