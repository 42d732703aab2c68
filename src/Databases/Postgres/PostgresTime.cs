using System.Globalization;
using System.Text.RegularExpressions;
using Fettle.Databases.Schema;

namespace Fettle.Databases.Postgres;

/// <summary>
/// The time of a plan whose pages are in memory. The planner counts each page as if it came from a disk (4 a random one), so its cost of a look-up is
/// mostly pages, and its factors between plans are those of a cold server. Here pages are taken out of the cost again and counted as found in memory:
/// 1. Each scan's pages: those of the table for a sequential one, else its cost without what its rows cost the processor.
/// 2. How often a scan runs: in the inner side of a nested loop as often as the loop's own cost says, below a limit only in part.
/// 3. Processor cost, pages, rows sent, and what each call costs whatever it does. The constants are measured on one machine; ratios are what is used.
/// </summary>
internal sealed partial class PostgresTime(DatabaseSchema schema, double sequentialPage, double randomPage, double setup)
{
    /// <summary>A round trip with parsing and planning, in milliseconds.</summary>
    public const double Call = 0.12;

    const double Processor = 0.006; // a unit of processor cost
    const double RandomPage = 0.0004;
    const double SequentialPage = 0.0005;
    const double Row = 0.0004; // sent to the client
    const double Workers = 1.5; // started and ended
    const double Function = 0.0002; // LIKE, lower(…) on one row: the planner counts them as a comparison

    /// <summary>Milliseconds of that much cost of random pages.</summary>
    public static double OfPages(double cost, double randomPage) => cost / Math.Max(0.01, randomPage) * RandomPage;

    public double Milliseconds(PlanNode root)
    {
        var (sequential, random, started) = Pages(root, 1);
        var functions = Scans(root).Where(n => n.Filter is { } f && (f.Contains("~~", StringComparison.Ordinal) || Called().IsMatch(f))).Sum(n => schema.Tables.TryGetValue(n.Table!, out var table) ? table.Rows : 0);
        var processor = Math.Max(0.02 * (root.Cost ?? 0), (root.Cost ?? 0) - sequential - random - started * setup);
        return Call + processor * Processor + sequential / Math.Max(0.01, sequentialPage) * SequentialPage + random / Math.Max(0.01, randomPage) * RandomPage + started * Workers + (root.Rows ?? 0) * Row + functions * Function;
    }

    static IEnumerable<PlanNode> Scans(PlanNode node) => (Is(node, "Seq Scan") && node.Table is not null ? new[] { node } : []).Concat(node.Children.SelectMany(Scans));

    [GeneratedRegex(@"\b[a-z_]+\(", RegexOptions.CultureInvariant)]
    private static partial Regex Called();

    (double Sequential, double Random, double Started) Pages(PlanNode node, double times)
    {
        var cost = node.Cost ?? 0;
        var rows = node.Rows ?? 0;
        var (sequential, random, started) = (0.0, 0.0, 0.0);
        if (Is(node, "Seq Scan"))
        {
            sequential = node.Table is not null && schema.Tables.TryGetValue(node.Table, out var table) ? Math.Min(table.Bytes / 8192.0 * sequentialPage, 0.95 * cost) : 0.5 * cost;
        }
        else if (Is(node, "Index Scan") || Is(node, "Index Only Scan"))
        {
            random = Math.Max(0, cost - 0.4 - 0.02 * rows);
        }
        else if (Is(node, "Bitmap Index Scan"))
        {
            random = Math.Max(0, cost - 0.4 - 0.0075 * rows);
        }
        else if (Is(node, "Bitmap Heap Scan"))
        {
            random = Math.Max(0, cost - node.Children.Sum(c => c.Cost ?? 0) - 0.02 * rows);
        }
        else if (Is(node, "Gather"))
        {
            started = 1;
        }

        (sequential, random, started) = (sequential * times, random * times, started * times);
        for (var i = 0; i < node.Children.Count; i++)
        {
            var below = Pages(node.Children[i], times * Times(node, i));
            (sequential, random, started) = (sequential + below.Sequential, random + below.Random, started + below.Started);
        }

        return (sequential, random, started);
    }

    /// <summary>How often a node runs its input, by its own cost: less than once below a limit.</summary>
    static double Times(PlanNode node, int child)
    {
        var input = Math.Max(1e-9, node.Children[child].Cost ?? 0);
        if (node.Children.Count == 1)
        {
            return Math.Clamp((node.Cost ?? 0) / input, 0, 1);
        }

        var others = node.Children.Where((_, i) => i != child).Sum(c => c.Cost ?? 0);
        return child == 1 && Is(node, "Nested Loop") || node.Children[child].Detail.StartsWith("SubPlan", StringComparison.Ordinal)
            ? Math.Clamp(((node.Cost ?? 0) - others) / input, 0, Math.Max(1, node.Children[0].Rows ?? 1))
            : 1;
    }

    static bool Is(PlanNode node, string type) => node.Detail.StartsWith(type, StringComparison.Ordinal) || node.Detail.Contains(": " + type, StringComparison.Ordinal);

    /// <summary>The session's own page costs and what it counts for starting workers.</summary>
    public static async Task<PostgresTime> ReadAsync(System.Data.Common.DbConnection connection, DatabaseSchema schema, CancellationToken cancellation)
    {
        var row = (await Sqlite.SqliteSchemaReader.QueryAsync(connection, "SELECT current_setting('seq_page_cost')::float8, current_setting('random_page_cost')::float8, current_setting('parallel_setup_cost')::float8", cancellation).ConfigureAwait(false))[0];
        double At(int i) => Convert.ToDouble(row[i], CultureInfo.InvariantCulture);
        return new PostgresTime(schema, At(0), At(1), At(2));
    }
}
