using System.Text.Json.Serialization;
using Npgsql;

namespace Fettle.Databases;

/// <summary>Where a database is: <c>sqlite:FILE</c>, <c>postgres:CONNECTION STRING</c> or <c>postgres://user@host:port/name</c>.</summary>
public sealed record DatabaseAddress
{
    DatabaseAddress(DatabaseEngine engine, string value)
    {
        Engine = engine;
        Value = value;
    }

    /// <summary>Which engine the address names.</summary>
    public DatabaseEngine Engine { get; }

    /// <summary>The file path (SQLite) or the connection string (PostgreSQL), secrets included.</summary>
    [JsonIgnore]
    public string Value { get; }

    /// <summary>Reads an address.</summary>
    /// <param name="text"><c>sqlite:data/stocks.db</c>, <c>postgres:Host=127.0.0.1;Database=stocks;…</c> or a <c>postgres://</c> URL.</param>
    /// <exception cref="FormatException">The text names no known engine, or its second part cannot be read.</exception>
    public static DatabaseAddress Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase))
        {
            return new DatabaseAddress(DatabaseEngine.Postgres, FromUrl(text));
        }

        var colon = text.IndexOf(':');
        var scheme = colon < 0 ? "" : text[..colon].Trim().ToLowerInvariant();
        var rest = colon < 0 ? "" : text[(colon + 1)..].Trim();
        switch (scheme)
        {
            case "sqlite" when rest.Length == 0:
                throw new FormatException("database address 'sqlite:' names no file; write sqlite:FILE");
            case "sqlite" when rest.Equals(":memory:", StringComparison.OrdinalIgnoreCase):
                throw new FormatException("database address 'sqlite::memory:' is private to one connection and cannot be shared by readers and the writer; name a file, for instance one in a temporary folder");
            case "sqlite":
                return new DatabaseAddress(DatabaseEngine.Sqlite, Path.GetFullPath(rest));
            case "postgres" or "postgresql":
                try
                {
                    return new DatabaseAddress(DatabaseEngine.Postgres, new NpgsqlConnectionStringBuilder(rest).ConnectionString);
                }
                catch (ArgumentException e)
                {
                    throw new FormatException($"the connection string after 'postgres:' cannot be read: {e.Message}", e);
                }

            default:
                throw new FormatException("a database address starts with 'sqlite:' or 'postgres:'; for instance sqlite:stocks.db or postgres:Host=127.0.0.1;Database=stocks;Username=me");
        }
    }

    /// <summary>The address without secrets, fit for logs and for <c>/fettle/info</c>.</summary>
    public override string ToString()
    {
        if (Engine == DatabaseEngine.Sqlite)
        {
            return $"sqlite:{Value}";
        }

        var builder = new NpgsqlConnectionStringBuilder(Value);
        return $"postgres:Host={builder.Host};Port={builder.Port};Database={builder.Database ?? builder.Username}";
    }

    static string FromUrl(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Host.Length == 0)
        {
            throw new FormatException("the postgres:// URL cannot be read; write postgres://user:password@host:port/database");
        }

        var builder = new NpgsqlConnectionStringBuilder { Host = url.Host, Database = Uri.UnescapeDataString(url.AbsolutePath.TrimStart('/')) };
        if (url.Port > 0)
        {
            builder.Port = url.Port;
        }

        var user = url.UserInfo.Split(':', 2);
        if (user[0].Length > 0)
        {
            builder.Username = Uri.UnescapeDataString(user[0]);
        }

        if (user.Length > 1)
        {
            builder.Password = Uri.UnescapeDataString(user[1]);
        }

        return builder.ConnectionString;
    }
}
