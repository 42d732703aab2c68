using Fettle.LoadTesting.Server;
using Fettle.LoadTesting.Thresholds;

namespace Fettle.LoadTesting.Scenarios;

/// <summary>Turns results into the groups that thresholds select from.</summary>
static class MeasuredGroups
{
    public static IEnumerable<MeasuredGroup> Of(Scenario scenario, LoadResult result)
    {
        var checks = result.Errors.Where(e => e.Key.StartsWith("check failed", StringComparison.Ordinal)).Sum(e => e.Value);
        foreach (var (request, i) in result.ByRequest.Select((r, i) => (r, i)))
        {
            // Failed checks and drops are counted per scenario; the first group carries them.
            yield return new MeasuredGroup(scenario.Name, request.Name, Tags(scenario, request.Name), request.Requests, request.Failed,
                i == 0 ? checks : 0, i == 0 ? result.Dropped : 0, request.Latency, request.ServiceTime, result.Seconds);
        }
    }

    public static IReadOnlyDictionary<string, string> Tags(Scenario scenario, string request) =>
        scenario.Entries.SelectMany(e => e.Steps).FirstOrDefault(s => s.Name == request)?.Tags ?? new Dictionary<string, string>();

    public static ProcessFigures Of(IReadOnlyList<ProcessSample> samples) => samples.Count == 0 ? ProcessFigures.Unknown : new ProcessFigures(
        samples.Average(s => s.CpuPercent), samples.Max(s => s.CpuPercent), samples.Max(s => s.MemoryMegabytes), Trend.Of([.. samples.Select(s => (s.Seconds / 60, s.MemoryMegabytes))]).Slope);
}
