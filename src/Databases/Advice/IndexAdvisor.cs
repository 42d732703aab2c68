using System.Globalization;
using Fettle.Databases.Advice;
using Fettle.Databases.Schema;
using Fettle.Databases.Sql;

namespace Fettle.Databases;

/// <summary>
/// Proposes the smallest set of indexes that serves a recorded workload: candidates from its conditions, joins and orders, priced by the
/// engine's own planner on supposed indexes, chosen by an Extend search under a storage budget with the upkeep of writes counted.
/// </summary>
public static class IndexAdvisor
{
    /// <summary>Proposes indexes, best saving first. Reads the schema and samples of rows; changes nothing.</summary>
    /// <param name="database">The database to advise on.</param>
    /// <param name="workload">What runs on it: a recorder's snapshot, or a service's <c>/fettle/queries</c>.</param>
    /// <param name="options">What may be proposed; null takes the defaults.</param>
    /// <param name="cancellation">Stops the search.</param>
    public static async Task<IReadOnlyList<DatabaseAction>> AdviseAsync(Database database, IReadOnlyList<RecordedQuery> workload, AdvisorOptions? options = null, CancellationToken cancellation = default) =>
        (await ReportAsync(database, workload, options, cancellation).ConfigureAwait(false)).Actions;

    /// <summary>Like <see cref="AdviseAsync"/>, with what was left out and the totals.</summary>
    public static async Task<AdviceReport> ReportAsync(Database database, IReadOnlyList<RecordedQuery> workload, AdvisorOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(workload);
        return await AdviceSubject.ReadAsync(database, workload, options ?? new AdvisorOptions(), async subject =>
        {
            await using var whatIf = await subject.WhatIfAsync(cancellation).ConfigureAwait(false);
            return await SearchAsync(subject.Schema, whatIf, subject.Items, subject.Options, cancellation).ConfigureAwait(false);
        }, cancellation).ConfigureAwait(false);
    }

    /// <summary>Open connections read statistics only with the schema: a table that comes and goes makes them read it again.</summary>
    internal static readonly string[] SqliteRefresh = ["CREATE TABLE IF NOT EXISTS fettle_refresh(x INTEGER)", "DROP TABLE IF EXISTS fettle_refresh"];

    /// <summary>ANALYZE puts a table's rows into the lines of its indexes alone; dropping the last one would leave the planner without them.</summary>
    static string KeepRows(string table)
    {
        var name = Sqlite.SqliteSchemaReader.Literal(table);
        return $"INSERT INTO sqlite_stat1(tbl, idx, stat) SELECT tbl, NULL, substr(stat, 1, instr(stat || ' ', ' ') - 1) FROM sqlite_stat1 WHERE tbl = {name} AND NOT EXISTS (SELECT 1 FROM sqlite_stat1 WHERE tbl = {name} AND idx IS NULL) LIMIT 1";
    }

    static async Task<AdviceReport> SearchAsync(DatabaseSchema schema, IWhatIf whatIf, List<WorkloadItem> items, AdvisorOptions options, CancellationToken cancellation)
    {
        var (search, chosen, considered) = await ChooseAsync(schema, whatIf, items, options, cancellation).ConfigureAwait(false);
        var before = await search.TotalAsync([], cancellation).ConfigureAwait(false);
        var after = await search.TotalAsync(chosen, cancellation).ConfigureAwait(false);
        var actions = new List<DatabaseAction>();
        foreach (var candidate in chosen)
        {
            actions.Add(await ActionAsync(schema, whatIf, search, items, chosen, candidate, before, cancellation).ConfigureAwait(false));
        }

        var skipped = new List<string>();
        var (slow, fast) = (0.0, 0.0);
        for (var i = 0; i < items.Count; i++)
        {
            if (await search.PriceAsync(i, [], cancellation).ConfigureAwait(false) is not { } off)
            {
                skipped.Add(items[i].Query.Sql);
                continue;
            }

            slow += items[i].Weight * off.Milliseconds;
            fast += items[i].Weight * (await search.PriceAsync(i, chosen, cancellation).ConfigureAwait(false) ?? off).Milliseconds;
        }

        return new AdviceReport([.. actions.OrderByDescending(a => a.PredictedGain)], before, after, considered, search.Plans, skipped) { MillisecondsBefore = slow, MillisecondsAfter = fast };
    }

    /// <summary>The search over all candidates of the workload, and what it chose.</summary>
    internal static async Task<(ExtendSearch Search, List<IndexCandidate> Chosen, int Considered)> ChooseAsync(DatabaseSchema schema, IWhatIf whatIf, List<WorkloadItem> items, AdvisorOptions options, CancellationToken cancellation)
    {
        var generator = new CandidateGenerator(schema, options, whatIf.Sample);
        var candidates = items.SelectMany((item, i) => generator.For(item).Select(c => (Index: c, Item: i))).ToList();
        var budget = options.StorageBudget ?? Math.Max(16 << 20, items.SelectMany(i => i.Analyzed.Uses).Select(u => u.Table).DistinctBy(t => t.Name).Sum(t => DataBytes(t, whatIf)));
        var search = new ExtendSearch(whatIf, items, options, budget);
        var chosen = await search.RunAsync(candidates, [.. items.SelectMany(generator.Bundles)], cancellation).ConfigureAwait(false);
        return (search, chosen, candidates.Select(c => c.Index.Identity).Distinct().Count());
    }

    static async Task<DatabaseAction> ActionAsync(
        DatabaseSchema schema, IWhatIf whatIf, ExtendSearch search, List<WorkloadItem> items, List<IndexCandidate> chosen, IndexCandidate candidate, double before, CancellationToken cancellation)
    {
        var without = chosen.Where(c => c != candidate).ToList();
        var served = new List<ServedQuery>();
        var gain = (await search.TotalAsync(without, cancellation).ConfigureAwait(false) - await search.TotalAsync(chosen, cancellation).ConfigureAwait(false)) / Math.Max(before, 1e-9);
        for (var i = 0; i < items.Count; i++)
        {
            var off = await search.PriceAsync(i, without, cancellation).ConfigureAwait(false);
            var on = await search.PriceAsync(i, chosen, cancellation).ConfigureAwait(false);
            if (off is not null && on is not null && off.Cost > on.Cost * 1.01)
            {
                served.Add(ServedQuery.From(items[i], off, on));
            }
        }

        var table = schema.Tables[candidate.Table];
        var columns = string.Join(", ", candidate.Keys.Concat(candidate.Include));
        var postgres = schema.Engine == DatabaseEngine.Postgres;
        var top = served.OrderByDescending(s => s.Calls * (s.CostBefore - s.CostAfter)).ToList();
        var names = string.Join('-', candidate.Keys.Take(candidate.Ordering).Select(k => IndexCandidate.Unquote(k).Trim('(', ')')));
        var kind = candidate.Where is not null ? "partial index" : candidate.Include.Count > 0 || candidate.Ordering < candidate.Keys.Count ? "covering index" : candidate.Method == "gin" ? "GIN index" : "index";
        return new DatabaseAction
        {
            Id = $"index.{candidate.Table}.{names}{(kind == "covering index" ? ".covering" : candidate.Where is not null ? ".partial" : "")}",
            Title = $"{char.ToUpperInvariant(kind[0])}{kind[1..]} on {candidate.Table}({columns}){(candidate.Where is null ? "" : " where " + candidate.Where)}",
            Why = top.Count == 0
                ? "serves the workload"
                : string.Create(CultureInfo.InvariantCulture, $"{top.Count} statement{(top.Count == 1 ? "" : "s")}, {top.Sum(s => s.Calls):0} calls; the dearest goes from cost {top[0].CostBefore:0} to {top[0].CostAfter:0} ({top[0].CostBefore / Math.Max(1, top[0].CostAfter):0.#} times less): {Throw.Shorten(top[0].Sql)}"),
            PredictedGain = Math.Round(Math.Clamp(gain, 0, 1), 4),
            Do = postgres
                ? [candidate.Definition(candidate.Name, table.SchemaName, concurrently: true), $"ANALYZE {Qualified(table)}"]
                : [candidate.Definition(candidate.Name, null, concurrently: false), "PRAGMA analysis_limit=1000", $"ANALYZE {SqlKeywords.Quote(table.Name)}", KeepRows(table.Name), .. SqliteRefresh],
            Undo = [postgres ? $"DROP INDEX CONCURRENTLY IF EXISTS {(table.SchemaName is null ? "" : SqlKeywords.Quote(table.SchemaName) + ".")}{SqlKeywords.Quote(candidate.Name)}" : $"DROP INDEX IF EXISTS {SqlKeywords.Quote(candidate.Name)}"],
            OutsideTransaction = postgres,
            Evidence = new DatabaseEvidence
            {
                Table = table.Name,
                Object = candidate.Name,
                Bytes = whatIf.Bytes(candidate),
                WriteAmplification = Math.Round(1 + whatIf.WriteCost(candidate) / whatIf.RowCost(table), 2),
                Serves = top,
                Notes = Notes(whatIf, candidate),
            },
        };
    }

    static List<string> Notes(IWhatIf whatIf, IndexCandidate candidate)
    {
        var notes = new List<string>();
        if (whatIf.Sample(candidate.Table) is { } sample && candidate.Where is null && candidate.Keys.All(k => sample.Ordinal(IndexCandidate.Unquote(k)) >= 0))
        {
            var keys = candidate.Keys.Take(candidate.Ordering).Select(IndexCandidate.Unquote).ToList();
            if (sample.Table.Rows > 1 && sample.Distinct(keys) >= sample.Table.Rows * 0.999)
            {
                notes.Add($"({string.Join(", ", keys)}) is unique in the sample; if the service guarantees it, the index may be UNIQUE");
            }
        }

        return notes;
    }

    static string Qualified(TableInfo table) => (table.SchemaName is null ? "" : SqlKeywords.Quote(table.SchemaName) + ".") + SqlKeywords.Quote(table.Name);

    internal static long DataBytes(TableInfo table, IWhatIf whatIf) => table.Bytes > 0
        ? table.Bytes
        : (long)(table.Rows * (4 + (whatIf.Sample(table.Name)?.Bytes(table.Columns.Select(c => c.Name)) ?? 8.0 * table.Columns.Count)));
}

/// <summary>The outcome of a search.</summary>
/// <param name="Actions">Proposed indexes, best saving first.</param>
/// <param name="CostBefore">Cost of the workload as it is, in the engine's unit.</param>
/// <param name="CostAfter">Cost with all actions, upkeep of writes included.</param>
/// <param name="Candidates">Indexes considered.</param>
/// <param name="Plans">Plans priced.</param>
/// <param name="Skipped">Statements that the engine could not explain.</param>
public sealed record AdviceReport(IReadOnlyList<DatabaseAction> Actions, double CostBefore, double CostAfter, int Candidates, int Plans, IReadOnlyList<string> Skipped)
{
    /// <summary>Time of the workload's calls as foretold of the plans there are, pages in memory, in milliseconds.</summary>
    public double MillisecondsBefore { get; init; }

    /// <summary>The same with all actions.</summary>
    public double MillisecondsAfter { get; init; }
}
