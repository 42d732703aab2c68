using Fettle.Databases.Advice;
using Fettle.Databases.Schema;
using Fettle.Databases.Sql;

namespace Fettle.Databases;

/// <summary>
/// Proposes where rows lie: SQLite tables clustered on their natural key (WITHOUT ROWID), PostgreSQL heaps sorted by an index (CLUSTER) or
/// summarised by block (BRIN). Each is priced on the workload beside the best indexes, upkeep included. The original SQLite table stays,
/// renamed, until the change is accepted.
/// </summary>
public static class LayoutAdvisor
{
    /// <summary>Tables smaller than this are left alone: every layout of them is read in no time.</summary>
    public const long MinimumRows = 10_000;

    /// <summary>A layout must save at least this part of the workload's cost.</summary>
    internal const double MinimumGain = 0.02;

    /// <summary>Layout changes for the tables that the workload reads by ranges of a key, most saved first.</summary>
    /// <param name="database">Read only.</param>
    /// <param name="workload">What runs on it.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="InvalidOperationException">PostgreSQL without hypopg.</exception>
    public static async Task<IReadOnlyList<DatabaseAction>> AdviseAsync(Database database, IReadOnlyList<RecordedQuery> workload, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(workload);
        return await AdviceSubject.ReadAsync<IReadOnlyList<DatabaseAction>>(database, workload, new AdvisorOptions(), async subject =>
        {
            if (!subject.Items.Exists(i => i.Analyzed.Uses.Any(u => u.Table.Rows >= MinimumRows)))
            {
                return [];
            }

            await using var whatIf = await subject.WhatIfAsync(cancellation).ConfigureAwait(false);
            var actions = whatIf is Sqlite.SqliteWhatIf sqlite
                ? await SqliteLayouts.AdviseAsync(subject, sqlite, workload, cancellation).ConfigureAwait(false)
                : await PostgresLayouts.AdviseAsync(subject, whatIf, cancellation).ConfigureAwait(false);
            return [.. actions.OrderByDescending(a => a.PredictedGain)];
        }, cancellation).ConfigureAwait(false);
    }

    /// <summary>The columns that most calls come in by: equality first, then a range or the order; null when no statement reads a range of a key.</summary>
    internal static List<string>? AccessKey(TableInfo table, IEnumerable<WorkloadItem> items) => items
        .SelectMany(i => i.Analyzed.UsesOf(table.Name).Select(u => (Key: Key(u), i.Weight))).Where(k => k.Key.Count > 1)
        .GroupBy(k => string.Join('\u0001', k.Key)).OrderByDescending(g => g.Sum(k => k.Weight)).Select(g => g.First().Key)
        .FirstOrDefault(k => k.TrueForAll(c => table.Column(c) is { Generated: false }));

    static List<string> Key(TableUse use)
    {
        var equal = use.Predicates.Where(p => p.Kind is PredicateKind.Equal or PredicateKind.In or PredicateKind.Join && p.Expression is null && !p.InOr).Select(p => p.Column);
        var after = use.Predicates.Where(p => p.Kind == PredicateKind.Range && p.Expression is null && !p.InOr).Select(p => p.Column).Concat(use.Order.Select(o => o.Column));
        return [.. equal.Concat(after.Take(1)).Distinct(StringComparer.OrdinalIgnoreCase)];
    }
}
