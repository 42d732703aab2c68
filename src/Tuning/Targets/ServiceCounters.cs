using System.Globalization;
using System.Text.Json;

namespace Fettle.Tuning.Targets;

/// <summary>What a service with Fettle counts about itself since its start; a member is null where it does not tell.</summary>
/// <param name="Queries">Statements run.</param>
/// <param name="QueryMs">Time in the database, milliseconds.</param>
/// <param name="Caches">Hits and lookups of the memory tier by category.</param>
/// <param name="PoolSeconds">Seconds that connections were in use, summed.</param>
internal sealed record ServiceCounters(double? Queries, double? QueryMs, IReadOnlyDictionary<string, (long Hits, long Lookups)> Caches, double? PoolSeconds)
{
    const string UseTime = "db_client_connection_use_time_seconds_sum";

    /// <summary>What was counted since an earlier reading of the same process; null where either does not tell or the process was another.</summary>
    public ServiceCounters Since(ServiceCounters before)
    {
        static double? Less(double? now, double? then) => now - then is >= 0 and var difference ? difference : null;
        var caches = Caches.Where(c => before.Caches.ContainsKey(c.Key))
            .Select(c => (c.Key, Hits: c.Value.Hits - before.Caches[c.Key].Hits, Lookups: c.Value.Lookups - before.Caches[c.Key].Lookups))
            .Where(c => c is { Hits: >= 0, Lookups: > 0 });
        return new ServiceCounters(
            Less(Queries, before.Queries), Less(QueryMs, before.QueryMs), caches.ToDictionary(c => c.Key, c => (c.Hits, c.Lookups)), Less(PoolSeconds, before.PoolSeconds));
    }

    /// <summary>Hits and lookups of <c>fettle.cache/1</c> by category; none when the text is something else.</summary>
    public static IReadOnlyDictionary<string, (long Hits, long Lookups)> Cache(string json)
    {
        var caches = new Dictionary<string, (long, long)>();
        try
        {
            using var document = JsonDocument.Parse(json);
            foreach (var category in document.RootElement.GetProperty("categories").EnumerateArray())
            {
                var hits = category.GetProperty("hits").GetInt64();
                caches[category.GetProperty("name").GetString()!] = (hits, hits + category.GetProperty("misses").GetProperty("total").GetInt64());
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            caches.Clear();
        }

        return caches;
    }

    /// <summary>The seconds that connections were in use, from the Prometheus text.</summary>
    public static double? PoolUse(string metrics)
    {
        double? sum = null;
        foreach (var line in metrics.Split('\n').Where(l => l.StartsWith(UseTime, StringComparison.Ordinal)))
        {
            if (double.TryParse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture, out var value))
            {
                sum = (sum ?? 0) + value;
            }
        }

        return sum;
    }
}
