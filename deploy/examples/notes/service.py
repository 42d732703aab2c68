"""A small note service on FastAPI and SQLite. It knows nothing of Fettle."""
import os
import sqlite3
import uuid

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

DATABASE = os.environ.get("NOTES_DB", "notes.db")
app = FastAPI()


class Note(BaseModel):
    author: str
    topic: str
    text: str


def rows(sql, *values):
    connection = sqlite3.connect(DATABASE, timeout=10)
    connection.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in connection.execute(sql, values)]
    finally:
        connection.close()


@app.get("/healthz")
def healthz():
    return {"status": "ok"}


@app.get("/notes/{note_id}")
def note(note_id: int):
    found = rows("SELECT id, author, topic, text FROM notes WHERE id = ?", note_id)
    if not found:
        raise HTTPException(status_code=404, detail="no such note")
    return found[0]


@app.get("/authors/{author}/latest")
def latest(author: str, limit: int = 5):
    found = rows("SELECT id, topic, text, written_at FROM notes WHERE author = ? ORDER BY written_at DESC LIMIT ?", author, limit)
    return {"author": author, "notes": found, "request": str(uuid.uuid4())}


@app.get("/topics/{topic}/count")
def count(topic: str):
    found = rows("SELECT count(*) AS notes, count(DISTINCT author) AS authors FROM notes WHERE topic = ?", topic)
    return {"topic": topic, **found[0]}


@app.post("/notes", status_code=201)
def write(note: Note):
    connection = sqlite3.connect(DATABASE, timeout=10)
    try:
        with connection:
            added = connection.execute(
                "INSERT INTO notes(author, topic, text, written_at) VALUES (?, ?, ?, datetime('now'))", (note.author, note.topic, note.text))
        return {"id": added.lastrowid}
    finally:
        connection.close()
