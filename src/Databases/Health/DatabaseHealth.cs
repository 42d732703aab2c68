using System.Globalization;

namespace Fettle.Databases;

/// <summary>One concern of a database with a grade.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="Grade">A (good) to D (act now).</param>
/// <param name="Finding">What was found.</param>
/// <param name="Next">The best next step; empty for an A.</param>
public sealed record HealthConcern(string Name, char Grade, string Finding, string Next);

/// <summary>A page about a database: a grade for each concern.</summary>
public static class DatabaseHealth
{
    /// <summary>Grades indexes, missing indexes, statements, statistics, space and settings. Changes nothing.</summary>
    /// <param name="database">Which one.</param>
    /// <param name="workload">What runs on it; empty leaves out what needs it.</param>
    /// <param name="integrity">Also check every page (SQLite).</param>
    /// <param name="cancellation">Stops it.</param>
    public static async Task<IReadOnlyList<HealthConcern>> CheckAsync(Database database, IReadOnlyList<RecordedQuery> workload, bool integrity, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(workload);
        var concerns = new List<HealthConcern>();
        if (workload.Count > 0)
        {
            var report = await IndexAdvisor.ReportAsync(database, workload, null, cancellation).ConfigureAwait(false);
            var saved = report.CostBefore <= 0 ? 0 : 1 - report.CostAfter / report.CostBefore;
            concerns.Add(new HealthConcern("missing indexes", Grade(saved, 0.05, 0.3, 0.7), string.Create(CultureInfo.InvariantCulture, $"{report.Actions.Count} indexes would save {saved:P0} of the workload's cost"), report.Actions.Count == 0 ? "" : report.Actions[0].Title));
            var loops = RepeatedQuery.Find(workload, database.Engine);
            concerns.Add(new HealthConcern("loops of statements", Grade(loops.Count == 0 ? 0 : loops.Max(l => l.CallsPerRequest), 4, 20, 100), loops.Count == 0 ? "no statement repeats within a request" : string.Create(CultureInfo.InvariantCulture, $"{loops[0].Endpoint} runs one statement {loops[0].CallsPerRequest:0.#} times a request"), loops.Count == 0 ? "" : loops[0].BatchedSql ?? "load the values with one statement"));
            var slow = workload.Where(q => q.P95Ms >= 100).OrderByDescending(q => q.TotalMs).ToList();
            concerns.Add(new HealthConcern("slow statements", Grade(slow.Count, 0, 2, 5), $"{slow.Count} statements have a 95th percentile of 100 ms or more", slow.Count == 0 ? "" : Throw.Shorten(slow[0].Sql)));
        }

        var review = await IndexReview.ReviewAsync(database, cancellation).ConfigureAwait(false);
        concerns.Add(new HealthConcern("index hygiene", Grade(review.Count, 0, 3, 10), $"{review.Count} indexes are duplicate, redundant, unused, invalid or missing under a foreign key", review.Count == 0 ? "" : review[0].Title));
        var state = await DatabaseMaintenance.MeasureAsync(database, integrity, cancellation).ConfigureAwait(false);
        concerns.Add(new HealthConcern("statistics", Grade(state.StaleTables.Count, 0, 2, 8), $"{state.StaleTables.Count} tables have missing or old statistics", state.StaleTables.Count == 0 ? "" : "fettle db maintain"));
        concerns.Add(new HealthConcern("space", Grade(state.Bloat, 0.1, 0.3, 0.6), string.Create(CultureInfo.InvariantCulture, $"{state.Bytes / 1048576.0:0.0} MB, of which {state.Bloat:P0} hold nothing"), state.Bloat <= 0.1 ? "" : "fettle db maintain"));
        if (integrity && database.Engine == DatabaseEngine.Sqlite)
        {
            concerns.Add(new HealthConcern("integrity", state.Problems.Count == 0 ? 'A' : 'D', state.Problems.Count == 0 ? "every page checks" : state.Problems[0], state.Problems.Count == 0 ? "" : "stop writing, back up the files, restore the last good backup"));
        }

        var settings = await SettingsAdvisor.AdviseAsync(database, Math.Max(64L << 20, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes), cancellation).ConfigureAwait(false);
        var lasting = settings.Where(s => s.Persistent).ToList();
        concerns.Add(new HealthConcern("settings", Grade(lasting.Count, 0, 2, 5), $"{lasting.Count} settings of the database differ from what suits a web service", lasting.Count == 0 ? "" : lasting[0].Do));
        return concerns;
    }

    static char Grade(double value, double a, double b, double c) => value <= a ? 'A' : value <= b ? 'B' : value <= c ? 'C' : 'D';
}
