using Fettle.LoadTesting.Scenarios;

namespace Fettle.LoadTesting.Engine;

/// <summary>Puts the results of several scenarios of one run together.</summary>
static class ResultMerger
{
    public static LoadResult Merge(IReadOnlyList<LoadResult> results, IReadOnlyList<Scenario> scenarios)
    {
        var first = scenarios.Min(s => (s.StartAfter + s.WarmUp).TotalSeconds);
        var offsets = scenarios.Select(s => (s.StartAfter + s.WarmUp).TotalSeconds - first).ToArray();
        return results[0] with
        {
            Seconds = results.Zip(offsets, (r, o) => r.Seconds + o).Max(),
            Requests = results.Sum(r => r.Requests),
            Failed = results.Sum(r => r.Failed),
            Errors = results.SelectMany(r => r.Errors).GroupBy(e => e.Key).ToDictionary(g => g.Key, g => g.Sum(e => e.Value)),
            ErrorSamples = [.. results.SelectMany(r => r.ErrorSamples)],
            Latency = ResultBuilder.Merge(results.Select(r => r.Latency)),
            ServiceTime = ResultBuilder.Merge(results.Select(r => r.ServiceTime)),
            SendLag = ResultBuilder.Merge(results.Select(r => r.SendLag)),
            ByRequest = [.. results.Zip(scenarios, (r, s) => r.ByRequest.Select(b => b with { Name = $"{s.Name}/{b.Name}" })).SelectMany(b => b)],
            Blocks = Blocks(results, offsets),
            Late = results.Sum(r => r.Late),
            Dropped = results.Sum(r => r.Dropped),
            Retried = results.Sum(r => r.Retried),
            BytesReceived = results.Sum(r => r.BytesReceived),
            Generator = results[0].Generator with
            {
                DispatchLag = ResultBuilder.Merge(results.Select(r => r.Generator.DispatchLag)),
                Limited = results.Any(r => r.Generator.Limited),
                Reason = results.Select(r => r.Generator.Reason).FirstOrDefault(r => r.Length > 0) ?? "",
            },
            Interrupted = results.Any(r => r.Interrupted),
        };
    }

    /// <summary>The shares of one scenario that several generators carried out at the same time.</summary>
    public static LoadResult OfWorkers(IReadOnlyList<LoadResult> shares) => shares is [var one] ? one : shares[0] with
    {
        StartedAt = shares.Min(r => r.StartedAt),
        Seconds = shares.Max(r => r.Seconds),
        Requests = shares.Sum(r => r.Requests),
        Failed = shares.Sum(r => r.Failed),
        Errors = shares.SelectMany(r => r.Errors).GroupBy(e => e.Key).ToDictionary(g => g.Key, g => g.Sum(e => e.Value)),
        ErrorSamples = [.. shares.SelectMany(r => r.ErrorSamples).OrderBy(s => s.AtSeconds)],
        Latency = ResultBuilder.Merge(shares.Select(r => r.Latency)),
        ServiceTime = ResultBuilder.Merge(shares.Select(r => r.ServiceTime)),
        SendLag = ResultBuilder.Merge(shares.Select(r => r.SendLag)),
        ByRequest = [.. shares.SelectMany(r => r.ByRequest).GroupBy(b => b.Name).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => new RequestResult(
            g.Key, g.Sum(b => b.Requests), g.Sum(b => b.Failed), ResultBuilder.Merge(g.Select(b => b.Latency)), ResultBuilder.Merge(g.Select(b => b.ServiceTime))))],
        Blocks = Blocks(shares, new double[shares.Count]),
        Late = shares.Sum(r => r.Late),
        Dropped = shares.Sum(r => r.Dropped),
        Retried = shares.Sum(r => r.Retried),
        ConnectionsOpened = shares.Sum(r => r.ConnectionsOpened),
        BytesReceived = shares.Sum(r => r.BytesReceived),
        Generator = new GeneratorWatch(
            shares.Sum(r => r.Generator.CpuSeconds), shares.Sum(r => r.Generator.RunQueueSeconds), ResultBuilder.Merge(shares.Select(r => r.Generator.DispatchLag)),
            shares.Any(r => r.Generator.Limited), shares.Select(r => r.Generator.Reason).FirstOrDefault(r => r.Length > 0) ?? ""),
        Interrupted = shares.Any(r => r.Interrupted),
    };

    /// <summary>Blocks of scenarios that ran at the same time: counts are added, quantiles weighted by answers (the exact ones are per scenario).</summary>
    static LoadBlock[] Blocks(IReadOnlyList<LoadResult> results, double[] offsets) =>
        [.. results.SelectMany((r, i) => r.Blocks.Select(b => b with { StartSeconds = Math.Round((b.StartSeconds + offsets[i]) * 2) / 2 })).GroupBy(b => b.StartSeconds).OrderBy(g => g.Key).Select(g =>
        {
            var parts = g.Where(b => !double.IsNaN(b.MedianMilliseconds)).ToArray();
            double Mean(Func<LoadBlock, double> of) => parts.Length == 0 ? double.NaN : parts.Sum(b => of(b) * b.Requests) / parts.Sum(b => b.Requests);
            var heat = parts.SelectMany(b => b.Heat.Chunk(2)).GroupBy(p => p[0]).OrderBy(p => p.Key).SelectMany(p => new[] { p.Key, p.Sum(v => v[1]) });
            return new LoadBlock(g.Key, g.Sum(b => b.Requests), g.Sum(b => b.Failed), Mean(b => b.MedianMilliseconds), Mean(b => b.P95Milliseconds), Mean(b => b.P99Milliseconds),
                parts.Length == 0 ? double.NaN : parts.Max(b => b.MaxMilliseconds)) { Heat = [.. heat] };
        })];
}
