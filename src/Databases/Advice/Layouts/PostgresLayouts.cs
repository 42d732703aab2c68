using System.Data.Common;
using System.Globalization;
using Fettle.Databases.Postgres;
using Fettle.Databases.Schema;
using Fettle.Databases.Sql;
using Fettle.Databases.Sqlite;

namespace Fettle.Databases.Advice;

/// <summary>
/// Prices sorted heaps and BRIN on PostgreSQL. BRIN is supposed by hypopg. A sorted heap cannot be supposed, so the heap pages that the plans
/// fetch are counted as the planner counts them (Mackert and Lohman; the planner's cost_index): scattered as the column's correlation says now, and
/// next to each other once sorted.
/// </summary>
internal static class PostgresLayouts
{
    public static async Task<List<DatabaseAction>> AdviseAsync(AdviceSubject subject, IWhatIf whatIf, CancellationToken cancellation)
    {
        var (connection, schema, items, _) = subject;
        var actions = new List<DatabaseAction>();
        var search = new ExtendSearch(whatIf, items, new AdvisorOptions(), 0);
        var before = await search.TotalAsync([], cancellation).ConfigureAwait(false);
        var pages = (await SqliteSchemaReader.QueryAsync(connection, "SELECT current_setting('random_page_cost')::float8, current_setting('seq_page_cost')::float8", cancellation).ConfigureAwait(false))[0];
        foreach (var table in schema.Tables.Values.Where(t => t.Rows >= LayoutAdvisor.MinimumRows && items.Exists(i => i.Analyzed.UsesOf(t.Name).Any())))
        {
            if (LayoutAdvisor.AccessKey(table, items) is { } key)
            {
                var scattered = await ScatteredAsync(connection, table, key[0], cancellation).ConfigureAwait(false);
                var heap = new Heap(table, (double)pages[0]!, (double)pages[1]!, scattered);
                if (await ClusterAsync(search, whatIf, items, table, key, heap, before, cancellation).ConfigureAwait(false) is { } cluster)
                {
                    actions.Add(cluster);
                }
            }

            foreach (var time in items.SelectMany(i => i.Analyzed.UsesOf(table.Name)).SelectMany(u => u.Predicates).Where(p => p.Kind == PredicateKind.Range && p.Expression is null && !p.InOr).Select(p => p.Column).Distinct(StringComparer.OrdinalIgnoreCase))
            {
                if (table.Rows >= 10 * LayoutAdvisor.MinimumRows && await BrinAsync(search, whatIf, items, table, time, before, cancellation).ConfigureAwait(false) is { } brin)
                {
                    actions.Add(brin);
                }
            }
        }

        return actions;
    }

    /// <summary>How far the heap is from sorted by the column: 1 − correlation², which is what the planner weighs with.</summary>
    static async Task<double> ScatteredAsync(DbConnection connection, TableInfo table, string column, CancellationToken cancellation)
    {
        var rows = await SqliteSchemaReader.QueryAsync(connection, $"SELECT correlation::float8 FROM pg_stats WHERE schemaname = {SqliteSchemaReader.Literal(table.SchemaName ?? "public")} AND tablename = {SqliteSchemaReader.Literal(table.Name)} AND attname = {SqliteSchemaReader.Literal(column)}", cancellation).ConfigureAwait(false);
        return rows.Count == 1 && rows[0][0] is double correlation ? 1 - correlation * correlation : 1;
    }

    /// <summary>A heap's pages and what fetching them costs.</summary>
    sealed record Heap(TableInfo Table, double Random, double Sequential, double Scattered)
    {
        double Pages => Math.Max(1, Table.Bytes / 8192.0);

        /// <summary>Cost that sorting takes from fetching that many rows by an index on the leading column.</summary>
        public double Saved(double rows)
        {
            var scattered = Math.Min(rows, Pages) * Random;
            var sorted = Random + Math.Max(0, Math.Ceiling(rows * Pages / Math.Max(1, Table.Rows)) - 1) * Sequential;
            return Math.Max(0, (scattered - sorted) * Scattered);
        }
    }

    static async Task<DatabaseAction?> ClusterAsync(ExtendSearch search, IWhatIf whatIf, List<WorkloadItem> items, TableInfo table, List<string> key, Heap heap, double before, CancellationToken cancellation)
    {
        var present = table.Indexes.FirstOrDefault(i => i.Valid && i.Method == "btree" && i.Where is null && key.Count <= i.Keys.Count && key.Zip(i.Keys).All(p => p.First.Equals(p.Second, StringComparison.OrdinalIgnoreCase)));
        var made = present is null ? new IndexCandidate(table.Name, [.. key.Select(SqlKeywords.Quote)]) : null;
        IReadOnlyList<IndexCandidate> set = made is null ? [] : [made];
        var index = present?.Name ?? made!.Name;
        var served = new List<ServedQuery>();
        var indexed = await search.TotalAsync(set, cancellation).ConfigureAwait(false);
        var saved = 0.0;
        for (var i = 0; i < items.Count; i++)
        {
            if (!items[i].Analyzed.UsesOf(table.Name).Any() || await search.PriceAsync(i, set, cancellation).ConfigureAwait(false) is not { } price || await search.PriceAsync(i, [], cancellation).ConfigureAwait(false) is not { } plain)
            {
                continue;
            }

            var less = Math.Min(price.Plan.Nodes.Sum(n => Fetches(n, index, 1, heap)), 0.95 * price.Cost);
            saved += items[i].Weight * less;
            if (plain.Cost > (price.Cost - less) * 1.01)
            {
                served.Add(ServedQuery.From(items[i], plain, price with { Cost = price.Cost - less, Milliseconds = Math.Max(PostgresTime.Call, price.Milliseconds - PostgresTime.OfPages(less, heap.Random)) }));
            }
        }

        // Against the index alone: what the sorting itself brings.
        if (saved < LayoutAdvisor.MinimumGain * indexed)
        {
            return null;
        }

        var name = (table.SchemaName is null ? "" : SqlKeywords.Quote(table.SchemaName) + ".") + SqlKeywords.Quote(table.Name);
        var schema = table.SchemaName is null ? "" : SqlKeywords.Quote(table.SchemaName) + ".";
        return new DatabaseAction
        {
            Id = $"layout.{table.Name}.cluster",
            Title = $"Sort the rows of {table.Name} by {(present is null ? $"({string.Join(", ", key)})" : index)}",
            Risk = "medium",
            Why = string.Create(CultureInfo.InvariantCulture, $"rows of one range then lie on neighbouring pages: cost {before:0} now, {indexed:0} with the index alone, {indexed - saved:0} sorted by it; new rows go to the end, so it wears off with writes"),
            PredictedGain = Math.Round(Math.Clamp((before - indexed + saved) / Math.Max(before, 1e-9), 0, 1), 4),
            Do = [.. made is null ? Array.Empty<string>() : [made.Definition(made.Name, table.SchemaName, concurrently: true)], $"CLUSTER {name} USING {SqlKeywords.Quote(index)}", $"ANALYZE {name}"],
            Undo = [$"ALTER TABLE {name} SET WITHOUT CLUSTER", .. made is null ? Array.Empty<string>() : [$"DROP INDEX CONCURRENTLY IF EXISTS {schema}{SqlKeywords.Quote(index)}"]],
            OutsideTransaction = true,
            Evidence = new DatabaseEvidence
            {
                Table = table.Name,
                Object = index,
                Bytes = table.Bytes,
                WriteAmplification = made is null ? 1 : Math.Round(1 + whatIf.WriteCost(made) / whatIf.RowCost(table), 2),
                Serves = [.. served.OrderByDescending(s => s.Calls * (s.CostBefore - s.CostAfter))],
                Notes = ["locks the table against reads and writes while it runs, and needs free space of the table's size; the old order of rows cannot be restored and no query may rely on it"],
            },
        };
    }

    /// <summary>Saving of all fetches through the index below a node; the inner side of a nested loop fetches once for each outer row.</summary>
    static double Fetches(PlanNode node, string index, double loops, Heap heap)
    {
        var own = node.Index == index && !node.Covering && node.Detail.StartsWith("Index Scan", StringComparison.Ordinal) ? Math.Min(loops * heap.Saved(node.Rows ?? 1), 0.95 * loops * (node.Cost ?? 0))
            : node.Detail.StartsWith("Bitmap Heap Scan", StringComparison.Ordinal) && node.Children.Any(c => c.Index == index) ? Math.Min(loops * heap.Saved(node.Rows ?? 1), 0.95 * loops * (node.Cost ?? 0))
            : 0;
        for (var i = 0; i < node.Children.Count; i++)
        {
            var times = i == 1 && node.Detail.StartsWith("Nested Loop", StringComparison.Ordinal) ? loops * Math.Max(1, node.Children[0].Rows ?? 1) : loops;
            own += Fetches(node.Children[i], index, times, heap);
        }

        return own;
    }

    static async Task<DatabaseAction?> BrinAsync(ExtendSearch search, IWhatIf whatIf, List<WorkloadItem> items, TableInfo table, string column, double before, CancellationToken cancellation)
    {
        if (table.Column(column)?.Type is not ("date" or "timestamp with time zone" or "timestamp without time zone" or "bigint" or "integer") || table.Indexes.Any(i => i.Valid && i.Where is null && i.Keys[0].Equals(column, StringComparison.OrdinalIgnoreCase)))
        {
            return null;
        }

        var brin = new IndexCandidate(table.Name, [SqlKeywords.Quote(column)]) { Method = "brin" };
        var after = await search.TotalAsync([brin], cancellation).ConfigureAwait(false);
        if (before - after < LayoutAdvisor.MinimumGain * before)
        {
            return null;
        }

        var tree = new IndexCandidate(table.Name, [SqlKeywords.Quote(column)]);
        var sorted = await search.TotalAsync([tree], cancellation).ConfigureAwait(false);
        return new DatabaseAction
        {
            Id = $"layout.{table.Name}.brin",
            Title = $"BRIN index on {table.Name}({column})",
            Why = string.Create(CultureInfo.InvariantCulture, $"rows that arrive in this order are found by block summaries: cost {before:0} now, {after:0} with {whatIf.Bytes(brin) >> 10} KB of summaries, {sorted:0} with a b-tree of {whatIf.Bytes(tree) >> 10} KB"),
            PredictedGain = Math.Round(Math.Clamp((before - after) / Math.Max(before, 1e-9), 0, 1), 4),
            Do = [brin.Definition(brin.Name, table.SchemaName, concurrently: true), $"ANALYZE {(table.SchemaName is null ? "" : SqlKeywords.Quote(table.SchemaName) + ".")}{SqlKeywords.Quote(table.Name)}"],
            Undo = [$"DROP INDEX CONCURRENTLY IF EXISTS {(table.SchemaName is null ? "" : SqlKeywords.Quote(table.SchemaName) + ".")}{SqlKeywords.Quote(brin.Name)}"],
            OutsideTransaction = true,
            Evidence = new DatabaseEvidence { Table = table.Name, Object = brin.Name, Bytes = whatIf.Bytes(brin), WriteAmplification = Math.Round(1 + whatIf.WriteCost(brin) / whatIf.RowCost(table), 2) },
        };
    }
}
