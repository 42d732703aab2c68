"""Writes the example's database: make_database.py FILE [NOTES]. The same arguments give the same rows."""
import random
import sqlite3
import sys

count = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
chance = random.Random(1)
connection = sqlite3.connect(sys.argv[1])
with connection:
    connection.execute("CREATE TABLE notes(id INTEGER PRIMARY KEY, author TEXT NOT NULL, topic TEXT NOT NULL, text TEXT NOT NULL, written_at TEXT NOT NULL)")
    connection.executemany(
        "INSERT INTO notes(author, topic, text, written_at) VALUES (?, ?, ?, ?)",
        ((f"author{chance.randrange(2000)}", f"topic{chance.randrange(500)}", "word " * chance.randrange(3, 40), f"2025-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02} 12:{i % 60:02}:{i // 60 % 60:02}.{i:06}") for i in range(count)))
connection.close()
