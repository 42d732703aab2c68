namespace Fettle.Databases;

/// <summary>The database engines that Fettle records, explains and tunes.</summary>
public enum DatabaseEngine
{
    /// <summary>SQLite 3.35 or later: a file, one writer, many readers.</summary>
    Sqlite,

    /// <summary>PostgreSQL 13 or later.</summary>
    Postgres,
}
