using Fettle.Databases.Schema;
using Fettle.Databases.Sql;

namespace Fettle.Databases.Advice;

/// <summary>Proposes indexes for one statement from what it asks of each table: equality columns first, then one range or the wanted order.</summary>
internal sealed partial class CandidateGenerator(DatabaseSchema schema, AdvisorOptions options, Func<string, TableSample?> sample)
{
    public IEnumerable<IndexCandidate> For(WorkloadItem item)
    {
        foreach (var use in item.Analyzed.Uses)
        {
            foreach (var candidate in For(use))
            {
                if (candidate.Keys.Count > 0 && !Exists(use.Table, candidate))
                {
                    yield return candidate;
                }
            }
        }
    }

    /// <summary>One index for each branch of an OR: none of them helps alone.</summary>
    public IEnumerable<IReadOnlyList<IndexCandidate>> Bundles(WorkloadItem item) => item.Analyzed.Uses
        .Select(use => use.Predicates.Where(p => p.InOr && p.Expression is null && p.Kind is PredicateKind.Equal or PredicateKind.In or PredicateKind.Range && Usable(use.Table, p.Column))
            .Select(p => SqlKeywords.Quote(p.Column)).Distinct().Select(k => new IndexCandidate(use.Table.Name, [k])).Where(c => !Exists(use.Table, c)).ToList())
        .Where(b => b.Count is > 1 and <= 4);

    IEnumerable<IndexCandidate> For(TableUse use)
    {
        var table = use.Table;
        var plain = use.Predicates.Where(p => p.Expression is null && Usable(table, p.Column)).ToList();
        var equal = Ordered(table, plain.Where(p => p.Kind is PredicateKind.Equal or PredicateKind.In && !p.InOr));
        var joined = Ordered(table, plain.Where(p => p.Kind == PredicateKind.Join && !p.InOr));
        var ranged = Ordered(table, plain.Where(p => p.Kind == PredicateKind.Range && !p.InOr));
        var patterns = plain.Where(p => p.Kind == PredicateKind.Like && p.Operator != "GLOB" && !p.InOr).Select(p => Pattern(p.Column)).Distinct().ToList();
        var order = Order(use);
        var group = use.Group.Where(c => Usable(table, c)).Select(SqlKeywords.Quote).Distinct().ToList();
        var prefixes = new List<List<string>> { equal };
        if (joined.Count > 0)
        {
            prefixes.Add([.. equal.Union(joined)]);
            prefixes.Add([.. joined.Union(equal)]);
            prefixes.AddRange(joined.Select(j => new List<string> { j }));
            prefixes.AddRange(joined.Select(j => equal.Append(j).Distinct().ToList()));
        }

        foreach (var prefix in prefixes)
        {
            foreach (var tail in Tails(ranged, order, group, patterns, prefix))
            {
                var keys = prefix.Concat(tail).Distinct().Take(options.MaxKeys).ToList();
                if (keys.Count == 0 || (keys.Count == 1 && table.IsRowId(IndexCandidate.Unquote(keys[0]))))
                {
                    continue;
                }

                var candidate = new IndexCandidate(table.Name, keys);
                yield return candidate;
                if (Cover(use, candidate) is { } covering)
                {
                    yield return covering;
                }

                foreach (var partial in Partial(use, keys))
                {
                    yield return partial;
                    if (Cover(use, partial) is { } covered)
                    {
                        yield return covered;
                    }
                }
            }
        }

        foreach (var p in plain.Where(p => p.InOr && p.Kind is PredicateKind.Equal or PredicateKind.In or PredicateKind.Range))
        {
            yield return new IndexCandidate(table.Name, [SqlKeywords.Quote(p.Column)]);
        }

        foreach (var candidate in Expressions(use, equal, order))
        {
            yield return candidate;
        }

        foreach (var candidate in Inverted(use))
        {
            yield return candidate;
        }
    }

    static IEnumerable<List<string>> Tails(List<string> ranged, List<string> order, List<string> group, List<string> patterns, List<string> prefix)
    {
        yield return [];
        foreach (var range in ranged)
        {
            yield return [range];
        }

        foreach (var pattern in patterns)
        {
            yield return [pattern];
        }

        // Descending keys are read backwards: only a mix of directions needs DESC in the definition.
        if (order.Count > 0)
        {
            yield return order;
        }

        if (group.Count > 0)
        {
            yield return group;
            yield return [.. group.Concat(ranged)];
        }
    }

    List<string> Order(TableUse use)
    {
        var terms = use.Order.Where(o => !use.Predicates.Exists(p => p.Kind == PredicateKind.Equal && p.Column.Equals(o.Column, StringComparison.OrdinalIgnoreCase))).ToList();
        if (terms.Count == 0 || terms.Exists(t => !Usable(use.Table, t.Column)))
        {
            return [];
        }

        var mixed = terms.Exists(t => t.Descending != terms[0].Descending);
        return [.. terms.Select(t => SqlKeywords.Quote(t.Column) + (mixed && t.Descending ? " DESC" : ""))];
    }

    /// <summary>The most selective column first: any order serves equality, and the first serves most other statements.</summary>
    List<string> Ordered(TableInfo table, IEnumerable<ColumnPredicate> predicates) =>
    [
        .. predicates.Select(p => p.Column).Distinct(StringComparer.OrdinalIgnoreCase)
            .OrderByDescending(c => sample(table.Name)?.Distinct([c]) ?? 1).ThenBy(c => c, StringComparer.Ordinal).Select(SqlKeywords.Quote),
    ];

    IndexCandidate? Cover(TableUse use, IndexCandidate candidate)
    {
        if (options.MaxCoveringColumns == 0 || use.AllColumns && use.Table.Columns.Count > options.MaxCoveringColumns)
        {
            return null;
        }

        var rest = use.Referenced.Where(c => !use.Table.IsRowId(c) && Usable(use.Table, c)).Select(SqlKeywords.Quote).Except(candidate.Keys.Select(k => SqlKeywords.Quote(IndexCandidate.Unquote(k)))).ToList();
        if (rest.Count == 0 || rest.Count + candidate.Keys.Count > options.MaxCoveringColumns)
        {
            return null;
        }

        return schema.Engine == DatabaseEngine.Postgres
            ? candidate with { Include = rest }
            : candidate with { Keys = [.. candidate.Keys, .. rest], Ordering = candidate.Keys.Count };
    }

    /// <summary>Only conditions with literals that every call repeats; a parameter could be another value, the current time always is.</summary>
    IEnumerable<IndexCandidate> Partial(TableUse use, List<string> keys)
    {
        if (!options.Partial)
        {
            yield break;
        }

        foreach (var p in use.Predicates.Where(p => p.Expression is null && !p.InOr && !p.Volatile && Usable(use.Table, p.Column)))
        {
            var where = p.Kind switch
            {
                PredicateKind.Equal when (p.Value is ['\'', ..] or [>= '0' and <= '9', ..]) && (sample(use.Table.Name)?.Distinct([p.Column]) ?? 1_000) <= 50 => $"{SqlKeywords.Quote(p.Column)} = {p.Value}",
                PredicateKind.IsNull => $"{SqlKeywords.Quote(p.Column)} IS NULL",
                PredicateKind.NotNull when p.Operator == "IS NOT NULL" && use.Table.Column(p.Column) is { NotNull: false } => $"{SqlKeywords.Quote(p.Column)} IS NOT NULL",
                _ => null,
            };
            var rest = keys.Where(k => !IndexCandidate.Unquote(k).Equals(p.Column, StringComparison.OrdinalIgnoreCase)).ToList();
            if (where is not null && rest.Count > 0)
            {
                yield return new IndexCandidate(use.Table.Name, rest) { Where = where };
            }
            else if (where is not null)
            {
                // The condition alone: the key only carries what else is asked.
                var carried = use.Referenced.FirstOrDefault(c => !c.Equals(p.Column, StringComparison.OrdinalIgnoreCase) && Usable(use.Table, c));
                if (carried is not null)
                {
                    yield return new IndexCandidate(use.Table.Name, [SqlKeywords.Quote(carried)]) { Where = where };
                }
            }
        }
    }

    IEnumerable<IndexCandidate> Expressions(TableUse use, List<string> equal, List<string> order)
    {
        if (!options.Expressions)
        {
            yield break;
        }

        foreach (var p in use.Predicates.Where(p => p.Expression is not null && p.Kind is PredicateKind.Equal or PredicateKind.Range or PredicateKind.In && use.Table.Column(p.Column) is not null))
        {
            if (!Stable(p.Expression!))
            {
                continue;
            }

            var key = $"({p.Expression})";
            yield return new IndexCandidate(use.Table.Name, [key]);
            if (p.Kind == PredicateKind.Equal && order.Count > 0)
            {
                yield return new IndexCandidate(use.Table.Name, [key, .. order]);
            }

            if (equal.Count > 0)
            {
                yield return new IndexCandidate(use.Table.Name, [.. equal, key]);
            }
        }
    }

    IEnumerable<IndexCandidate> Inverted(TableUse use)
    {
        if (schema.Engine != DatabaseEngine.Postgres)
        {
            yield break;
        }

        foreach (var column in use.Predicates.Where(p => p.Kind == PredicateKind.Contains && p.Expression is null && use.Table.Column(p.Column) is { NeedsInverted: true }).Select(p => p.Column).Distinct())
        {
            yield return new IndexCandidate(use.Table.Name, [SqlKeywords.Quote(column)]) { Method = "gin" };
        }
    }

    /// <summary>Expressions that give one result for one row for ever: no clock, no chance, no session, and no cast through a time zone.</summary>
    static bool Stable(string expression)
    {
        var upper = expression.ToUpperInvariant();
        string[] unstable = ["NOW", "RANDOM", "CURRENT_", "CLOCK_", "LOCALTIME", "DATE(", "DATETIME(", "STRFTIME(", "TIME(", "JULIANDAY(", "TO_CHAR", "AGE(", "SELECT", "@", "$", "?", "::DATE", "::TIMESTAMP", "DATE_TRUNC", "TO_DATE", "TO_TIMESTAMP"];
        return !Array.Exists(unstable, u => upper.Contains(u, StringComparison.Ordinal)) && !upper.Contains(':', StringComparison.Ordinal);
    }

    string Pattern(string column) => SqlKeywords.Quote(column) + (schema.Engine == DatabaseEngine.Sqlite ? " COLLATE NOCASE" : " text_pattern_ops");

    static bool Usable(TableInfo table, string column) => table.Column(column) is { NeedsInverted: false } info
        && !info.Type.Equals("json", StringComparison.OrdinalIgnoreCase) && !info.Type.Equals("BLOB", StringComparison.OrdinalIgnoreCase);

    /// <summary>A condition without the parentheses and casts that PostgreSQL adds when it keeps it.</summary>
    static string Bare(string condition) => Cast().Replace(condition, "").Replace("(", "", StringComparison.Ordinal).Replace(")", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal);

    [System.Text.RegularExpressions.GeneratedRegex(@"::(?:""[^""]*""|[a-z_]+(?: varying| precision)?)", System.Text.RegularExpressions.RegexOptions.CultureInvariant)]
    private static partial System.Text.RegularExpressions.Regex Cast();

    /// <summary>An existing full index that begins with the same keys does the work already.</summary>
    bool Exists(TableInfo table, IndexCandidate candidate)
    {
        bool Begins(IReadOnlyList<string> keys) => candidate.Keys.Count <= keys.Count
            && candidate.Keys.Zip(keys).All(p => IndexCandidate.Unquote(p.First).Equals(p.Second, StringComparison.OrdinalIgnoreCase) && !p.First.Contains(" COLLATE", StringComparison.Ordinal) && !p.First.EndsWith("_ops", StringComparison.Ordinal));
        bool Same(IndexInfo i) => i.Method == candidate.Method && i.Keys.SequenceEqual(candidate.Keys.Select(IndexCandidate.Unquote), StringComparer.OrdinalIgnoreCase)
            && i.Include.ToHashSet(StringComparer.OrdinalIgnoreCase).SetEquals(candidate.Include.Select(IndexCandidate.Unquote)) && (i.Where is null) == (candidate.Where is null) && (i.Where is null || Bare(i.Where) == Bare(candidate.Where!));
        if (table.Indexes.Any(i => i.Valid && (i.Name.Equals(candidate.Name, StringComparison.OrdinalIgnoreCase) || Same(i))))
        {
            return true;
        }

        return candidate.Include.Count == 0 && candidate.Where is null && candidate.Method == "btree"
            && (table.Indexes.Any(i => i.Where is null && i.Method == "btree" && i.Valid && Begins(i.Keys)) || ((table.WithoutRowId || schema.Engine == DatabaseEngine.Postgres) && Begins(table.PrimaryKey)));
    }
}
