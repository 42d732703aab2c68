using System.Security.Cryptography;
using System.Text;
using Fettle.Databases.Sql;

namespace Fettle.Databases.Advice;

/// <summary>An index that does not exist yet. <c>Keys</c> are as written in DDL: a quoted column, an expression in parentheses, perhaps COLLATE or DESC.</summary>
internal sealed record IndexCandidate(string Table, IReadOnlyList<string> Keys)
{
    /// <summary>From this correlation of its first key with the order of rows on, new keys are taken to come at an index's end.</summary>
    public const double Rising = 0.9;

    /// <summary>Of the order of a daily ingest. With more, pages are written twice and an entry costs less.</summary>
    const double RowsWrittenTogether = 10_000;

    string? _identity;

    /// <summary>A copy may differ: it works out its own identity.</summary>
    IndexCandidate(IndexCandidate other)
    {
        (Table, Keys, Include, Where, Method, Unique, Ordering) = (other.Table, other.Keys, other.Include, other.Where, other.Method, other.Unique, other.Ordering);
    }

    /// <summary>Columns carried but not ordered (PostgreSQL); SQLite has none and appends them to the keys.</summary>
    public IReadOnlyList<string> Include { get; init; } = [];

    public string? Where { get; init; }

    public string Method { get; init; } = "btree";

    public bool Unique { get; init; }

    /// <summary>How many leading keys order rows; the rest of a SQLite covering index is only carried.</summary>
    public int Ordering { get; init; } = Keys.Count;

    /// <summary>What makes two candidates the same index. A search asks for it at every step.</summary>
    public string Identity => _identity ??= $"{Table.ToLowerInvariant()}|{Method}|{string.Join(',', Keys)}|{string.Join(',', Include)}|{Where}";

    public bool Equals(IndexCandidate? other) => other is not null && Identity == other.Identity;

    public override int GetHashCode() => Identity.GetHashCode(StringComparison.Ordinal);

    /// <summary>Deterministic, at most 60 characters, and recognisable as one that Fettle made.</summary>
    public string Name
    {
        get
        {
            var plain = new StringBuilder("fettle_");
            foreach (var c in $"{Table}_{string.Join('_', Keys.Take(Ordering).Take(3))}")
            {
                if (char.IsAsciiLetterOrDigit(c) || c == '_')
                {
                    plain.Append(char.ToLowerInvariant(c));
                }
                else if (c is ' ' or '-' && plain[^1] != '_')
                {
                    plain.Append('_');
                }
            }

            var simple = Where is null && Include.Count == 0 && Keys.Count == Ordering && Keys.Count <= 3 && Keys.All(k => !k.Contains('(') && !k.Contains('"')) && plain.Length <= 60 && Method == "btree";
            return simple ? plain.ToString() : $"{plain.ToString(0, Math.Min(plain.Length, 51))}_{Hash()}";
        }
    }

    public string Definition(string name, string? schema, bool concurrently)
    {
        var sql = new StringBuilder("CREATE ");
        sql.Append(Unique ? "UNIQUE INDEX " : "INDEX ").Append(concurrently ? "CONCURRENTLY IF NOT EXISTS " : "IF NOT EXISTS ");
        sql.Append(SqlKeywords.Quote(name)).Append(" ON ").Append(schema is null ? "" : SqlKeywords.Quote(schema) + ".").Append(SqlKeywords.Quote(Table));
        if (Method != "btree")
        {
            sql.Append(" USING ").Append(Method).Append(' ');
        }

        sql.Append('(').AppendJoin(", ", Keys).Append(')');
        if (Include.Count > 0)
        {
            sql.Append(" INCLUDE (").AppendJoin(", ", Include).Append(')');
        }

        if (Where is not null)
        {
            sql.Append(" WHERE ").Append(Where);
        }

        return sql.ToString();
    }

    /// <summary>Pages that become dirty for each row where keys fall anywhere: nearly one in a large index, few where rows share the pages of a small one.</summary>
    public static double DirtyPages(double pages) => Math.Max(1, pages) / RowsWrittenTogether * (1 - Math.Exp(-RowsWrittenTogether / Math.Max(1, pages)));

    /// <summary>Plain column names among the keys, unquoted, for statistics.</summary>
    public static string Unquote(string key)
    {
        var text = key;
        foreach (var suffix in (ReadOnlySpan<string>)[" DESC", " COLLATE NOCASE", " text_pattern_ops", " varchar_pattern_ops"])
        {
            text = text.EndsWith(suffix, StringComparison.Ordinal) ? text[..^suffix.Length] : text;
        }

        return text is ['"', .., '"'] ? text[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal) : text;
    }

    string Hash() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Identity)))[..8];
}
