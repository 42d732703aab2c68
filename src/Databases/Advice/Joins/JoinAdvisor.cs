using System.Globalization;
using Fettle.Databases.Advice;
using Fettle.Databases.Schema;
using Fettle.Databases.Sqlite;

namespace Fettle.Databases;

/// <summary>A join worth keeping as a table: the action that makes it, and the statement that reads it instead.</summary>
/// <param name="Action">Makes the table and keeps it fresh; its undo drops both.</param>
/// <param name="Sql">The statement as it is.</param>
/// <param name="Rewritten">The statement that the service must send instead: no engine rewrites it by itself.</param>
/// <param name="Staleness">How old the rows may be.</param>
public sealed record JoinAdvice(DatabaseAction Action, string Sql, string Rewritten, string Staleness);

/// <summary>
/// Proposes joins to be kept as tables: on SQLite by triggers in the transaction of each write, on PostgreSQL as a materialised view that
/// maintenance refreshes. Only where the join costs much even with the best indexes, and where the upkeep costs less than it saves.
/// </summary>
public static class JoinAdvisor
{
    /// <summary>A join must cost at least this part of the workload, with the best indexes, to be looked at.</summary>
    public const double LeastShare = 0.05;

    /// <summary>Joins that a table of their own would serve, most saved first. Changes nothing.</summary>
    /// <param name="database">Read only.</param>
    /// <param name="workload">What runs on it.</param>
    /// <param name="cancellation">Stops the reading.</param>
    public static async Task<IReadOnlyList<JoinAdvice>> AdviseAsync(Database database, IReadOnlyList<RecordedQuery> workload, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(workload);
        return await AdviceSubject.ReadAsync<IReadOnlyList<JoinAdvice>>(database, workload, new AdvisorOptions(), async subject =>
        {
            var (schema, items) = (subject.Schema, subject.Items);
            var found = new List<JoinAdvice>();
            if (!items.Exists(i => JoinTable.From(i, schema.Engine) is not null))
            {
                return found;
            }

            await using var whatIf = await subject.WhatIfAsync(cancellation).ConfigureAwait(false);
            var (search, chosen, _) = await IndexAdvisor.ChooseAsync(schema, whatIf, items, subject.Options, cancellation).ConfigureAwait(false);
            var total = await search.TotalAsync(chosen, cancellation).ConfigureAwait(false);
            for (var i = 0; i < items.Count; i++)
            {
                if (JoinTable.From(items[i], schema.Engine) is { } join && !schema.Tables.ContainsKey(join.Name) && await search.PriceAsync(i, chosen, cancellation).ConfigureAwait(false) is { } price
                    && Advise(whatIf, schema.Engine, items, items[i], join, price, total) is { } advice)
                {
                    found.Add(advice);
                }
            }

            return [.. found.OrderByDescending(a => a.Action.PredictedGain)];
        }, cancellation).ConfigureAwait(false);
    }

    static JoinAdvice? Advise(IWhatIf whatIf, DatabaseEngine engine, List<WorkloadItem> items, WorkloadItem item, JoinTable join, SupposedCost price, double total)
    {
        // Rows that the joins yield before they are grouped or cut; each is then one entry and one row of a single table.
        var rows = Math.Max(1, price.Plan.All.Where(n => n.Rows is not null).Select(n => n.Rows!.Value).DefaultIfEmpty(1).Last());
        rows = engine == DatabaseEngine.Postgres ? Math.Max(1, price.Plan.All.Where(n => n.Kind == PlanNodeKind.Join).Select(n => n.Rows ?? 1).FirstOrDefault(rows)) : rows;
        var size = join.Uses.Max(u => Math.Max(1, u.Table.Rows));
        var after = engine == DatabaseEngine.Sqlite ? SqliteCostModel.Seek(size) + rows * (5 + SqliteCostModel.Seek(size)) : 8 + Math.Min(rows, size / 50.0) * 4 + rows * 0.02;
        var writes = items.Where(i => i.Writes && i.Analyzed.Statement.WrittenTables.Any(t => join.Uses.Any(u => u.Table.Name.Equals(t, StringComparison.OrdinalIgnoreCase)))).Sum(i => i.Weight);
        var each = engine == DatabaseEngine.Sqlite ? 2 * SqliteCostModel.Seek(size) + 120.0 * (join.Uses.Count + 1) : 0;
        var saved = item.Weight * (price.Cost - after) - writes * each;
        if (item.Weight * price.Cost < LeastShare * total || saved < LeastShare * total)
        {
            return null;
        }

        var staleness = engine == DatabaseEngine.Sqlite
            ? "none: triggers change it in the transaction of the write"
            : "as old as its last refresh: fettle db maintain, or database:maintenance of the service, refreshes it beside its readers";
        var access = join.Access();
        return new JoinAdvice(
            new DatabaseAction
            {
                Id = $"join.{join.Name}",
                Title = $"Keep the join of {string.Join(", ", join.Uses.Select(u => u.Table.Name))} as {join.Name}",
                Risk = "medium",
                Why = string.Create(CultureInfo.InvariantCulture, $"{item.Weight:0} calls join {join.Uses.Count} tables at a cost of {price.Cost:0} each with the best indexes; one table holds the joined rows at {after:0}; staleness: {staleness}"),
                PredictedGain = Math.Round(Math.Clamp(saved / Math.Max(total, 1e-9), 0, 1), 4),
                Do = join.Make(access),
                Undo = join.Drop(),
                OutsideTransaction = true,
                Rewritten = join.Rewritten,
                Evidence = new DatabaseEvidence
                {
                    Table = join.Uses[0].Table.Name,
                    Object = join.Name,
                    // Every row of the largest table in one joined row, and the entries of its indexes.
                    Bytes = (long)(size * (join.RowBytes(whatIf.Sample) + 24 * (join.Uses.Count + 1))),
                    Serves = [new ServedQuery(item.Query.Sql, item.Weight, Math.Round(price.Cost, 1), Math.Round(after, 1), price.Plan.ToTree(), join.Rewritten)],
                    Notes =
                    [
                        "the service must send the rewritten statement; no engine does that by itself",
                        "results kept by data version must name the joined tables too: what a trigger or a refresh writes raises no version",
                        .. engine == DatabaseEngine.Sqlite ? new[] { "REPLACE deletes rows without firing triggers unless PRAGMA recursive_triggers is on: upsert with ON CONFLICT instead" } : [],
                    ],
                },
            },
            item.Sql, join.Rewritten, staleness);
    }
}
