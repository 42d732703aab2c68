-- weight: 60
SELECT id, topic, text, written_at FROM notes WHERE author = 'author17' ORDER BY written_at DESC LIMIT 5;
-- weight: 25
SELECT count(*) AS notes, count(DISTINCT author) AS authors FROM notes WHERE topic = 'topic3';
-- weight: 10
SELECT id, author, topic, text FROM notes WHERE id = 42;
-- weight: 5
INSERT INTO notes(author, topic, text, written_at) VALUES ('author1', 'topic1', 'x', '2025-01-01');
