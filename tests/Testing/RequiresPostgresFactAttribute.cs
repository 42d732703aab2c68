namespace Fettle.Testing;

/// <summary>Skips where PostgreSQL, or an extension of it, is missing.</summary>
public sealed class RequiresPostgresFactAttribute(params string[] extensions)
    : RequiresFactAttribute(PostgresServer.Missing ?? extensions.Where(e => !PostgresServer.HasExtension(e)).Select(e => $"the PostgreSQL extension {e}").FirstOrDefault());

/// <summary>The same for theories.</summary>
public sealed class RequiresPostgresTheoryAttribute(params string[] extensions)
    : RequiresTheoryAttribute(PostgresServer.Missing ?? extensions.Where(e => !PostgresServer.HasExtension(e)).Select(e => $"the PostgreSQL extension {e}").FirstOrDefault());
