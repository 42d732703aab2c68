using System.Data.Common;
using Fettle.Databases.Postgres;
using Fettle.Databases.Sqlite;

namespace Fettle.Databases.Schema;

/// <summary>Reads the schema of either engine.</summary>
internal static class SchemaReader
{
    public static Task<DatabaseSchema> ReadAsync(DatabaseEngine engine, DbConnection connection, bool sizes, CancellationToken cancellation) => engine == DatabaseEngine.Sqlite
        ? SqliteSchemaReader.ReadAsync(connection, sizes, cancellation)
        : PostgresSchemaReader.ReadAsync(connection, cancellation);
}
