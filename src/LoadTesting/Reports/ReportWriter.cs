using System.Globalization;
using System.Text.Json.Nodes;
using Fettle.LoadTesting.Engine;
using Fettle.LoadTesting.Scenarios;
using Fettle.LoadTesting.Server;
using Fettle.Shared.Results;

namespace Fettle.LoadTesting.Reports;

/// <summary>Writes everything a report needs into the result document.</summary>
static class ReportWriter
{
    public static ResultDocument Write(ScenarioRun run, IReadOnlyList<string> command, IReadOnlyDictionary<string, string>? settings)
    {
        var overall = run.Overall;
        var document = new ResultDocument
        {
            Kind = "load",
            Name = run.Name,
            StartedAt = overall.StartedAt,
            DurationSeconds = Math.Round(overall.Seconds, 3),
            Machine = RunEnvironment.Machine(),
            Source = RunEnvironment.Source(Environment.CurrentDirectory),
            Command = [.. command],
        };
        document.Settings["target"] = run.Target.ToString();
        foreach (var (name, value) in settings ?? new Dictionary<string, string>())
        {
            document.Settings[name] = value;
        }

        document.Noise["loadAverage"] = RunEnvironment.LoadAverage();
        document.Noise["blockNoise"] = Number(BlockNoise.Of(overall.Blocks));
        document.Histograms["latency"] = overall.Latency.ToResult();
        document.Histograms["serviceTime"] = overall.ServiceTime.ToResult();
        document.Histograms["sendLag"] = overall.SendLag.ToResult();
        document.Histograms["dispatchLag"] = overall.Generator.DispatchLag.ToResult();
        document.Tables.Add(Scenarios(run));
        document.Tables.Add(Requests(run, document));
        document.Tables.Add(Errors(overall));
        if (run.Process.Count > 0)
        {
            document.Tables.Add(System(run));
        }

        document.Data["overall"] = Counts(overall);
        document.Data["grade"] = Grade.Of(overall).ToString();
        document.Data["hints"] = new JsonArray([.. run.Hints.Select(h => (JsonNode)h)]);
        document.Data["recovery"] = new JsonArray([.. run.Results.Select(r => SpikeRecovery.Sentence(r.Scenario.Name, r.Scenario.Model, r.Scenario.WarmUp.TotalSeconds, r.Result.Blocks)).OfType<string>().Select(s => (JsonNode)s)]);
        document.Data["abortedBy"] = run.AbortedBy;
        document.Data["exitCode"] = run.ExitCode;
        document.Data["model"] = new JsonObject([.. run.Results.Select(r => KeyValuePair.Create(r.Scenario.Name, (JsonNode?)Shape(r.Scenario)))]);
        document.Data["blocks"] = Blocks(overall);
        document.Data["process"] = Process(run);
        foreach (var outcome in run.Thresholds)
        {
            var limit = outcome.Threshold.Relative ? $", baseline {Text(outcome.Baseline ?? double.NaN)}" : "";
            document.Verdicts.Add(new ResultVerdict($"{outcome.Threshold.Subject} {outcome.Threshold.Expression}", outcome.Passed ? "passed" : "failed", $"measured {Text(outcome.Measured)}{limit}"));
        }

        if (run.Workers.Count > 0)
        {
            document.Tables.Add(new ResultTable("Workers", ["worker", "share", "requests", "clock ± ms", "state"],
                [.. run.Workers.Select(w => new[] { w.Id, $"{w.Share} of {run.Workers.Count}", w.Requests.ToString(CultureInfo.InvariantCulture), Text(w.ClockUncertaintyMilliseconds), w.Completed ? "completed" : $"lost: {w.Note}" })]));
            foreach (var lost in run.Workers.Where(w => !w.Completed))
            {
                document.Verdicts.Add(new ResultVerdict($"worker {lost.Id}", "lost", lost.Note));
            }
        }

        if (overall.Generator.Limited)
        {
            document.Verdicts.Add(new ResultVerdict("generator", "generator-limited", overall.Generator.Reason));
        }

        return document;
    }

    static ResultTable Scenarios(ScenarioRun run) => new("Scenarios",
        ["scenario", "requests", "failed", "error %", "req/s", "mean ms", "p50 ms", "p95 ms", "p99 ms", "max ms"],
        [.. run.Results.Select(r => Row(r.Scenario.Name, r.Result.Requests, r.Result.Failed, r.Result.Throughput, r.Result.Latency))],
        "Latency is measured from the intended start of each request.");

    static ResultTable Requests(ScenarioRun run, ResultDocument document)
    {
        var data = new JsonObject();
        document.Data["requests"] = data;
        var rows = new List<string[]>();
        foreach (var (scenario, result) in run.Results)
        {
            foreach (var request in result.ByRequest)
            {
                var key = $"{scenario.Name}/{request.Name}";
                document.Histograms["latency " + key] = request.Latency.ToResult();
                document.Histograms["service " + key] = request.ServiceTime.ToResult();
                data[key] = new JsonObject
                {
                    ["scenario"] = scenario.Name,
                    ["name"] = request.Name,
                    ["tags"] = new JsonObject([.. MeasuredGroups.Tags(scenario, request.Name).Select(t => KeyValuePair.Create(t.Key, (JsonNode?)t.Value))]),
                    ["requests"] = request.Requests,
                    ["failed"] = request.Failed,
                    ["seconds"] = result.Seconds,
                };
                rows.Add(Row(key, request.Requests, request.Failed, (request.Requests - request.Failed) / Math.Max(1e-9, result.Seconds), request.Latency));
            }
        }

        return new ResultTable("Requests", ["request", "requests", "failed", "error %", "req/s", "mean ms", "p50 ms", "p95 ms", "p99 ms", "max ms"], rows);
    }

    static ResultTable Errors(LoadResult overall) => new("Errors", ["class", "count", "example"],
        [.. overall.Errors.OrderByDescending(e => e.Value).Select(e => new[]
        {
            e.Key, e.Value.ToString(CultureInfo.InvariantCulture),
            overall.ErrorSamples.FirstOrDefault(s => s.Class == e.Key) is { } s ? $"{s.Request} at {s.AtSeconds.ToString(CultureInfo.InvariantCulture)} s: {s.Detail.ReplaceLineEndings(" ")}" : "",
        })]);

    static ResultTable System(ScenarioRun run)
    {
        var p = run.Process;
        var memory = run.Memory;
        return new ResultTable("Target process", ["figure", "mean", "max"],
        [
            Figure("CPU % of a core", s => s.CpuPercent),
            Figure("memory MB", s => s.MemoryMegabytes),
            Figure("threads", s => s.Threads),
            Figure("open files", s => s.OpenFiles),
            Figure("voluntary switches/s", s => s.VoluntarySwitches),
            Figure("forced switches/s", s => s.ForcedSwitches),
            Figure("disk KB/s", s => s.DiskReadKilobytes + s.DiskWriteKilobytes),
            Figure("host CPU %", s => s.HostCpuPercent),
            Figure("host network KB/s", s => s.HostNetworkKilobytes),
        ], double.IsNaN(memory.Slope) ? null : $"memory {(memory.Slope >= 0 ? "+" : "")}{Text(memory.Slope)} ± {Text(memory.HalfWidth)} MB/min ({(memory.Significant ? "a trend" : "no trend")} at 95 %)");

        string[] Figure(string name, Func<ProcessSample, double> of) => [name, Text(p.Average(of)), Text(p.Max(of))];
    }

    static JsonObject Counts(LoadResult r) => new()
    {
        ["requests"] = r.Requests,
        ["failed"] = r.Failed,
        ["seconds"] = r.Seconds,
        ["throughput"] = Number(r.Throughput),
        ["late"] = r.Late,
        ["dropped"] = r.Dropped,
        ["retried"] = r.Retried,
        ["connectionsOpened"] = r.ConnectionsOpened,
        ["bytesReceived"] = r.BytesReceived,
        ["interrupted"] = r.Interrupted,
        ["minMs"] = r.Latency.Min.TotalMilliseconds,
        ["meanMs"] = r.Latency.Mean.TotalMilliseconds,
        ["maxMs"] = r.Latency.Max.TotalMilliseconds,
        ["generatorCpuSeconds"] = Number(r.Generator.CpuSeconds),
        ["generatorRunQueueSeconds"] = Number(r.Generator.RunQueueSeconds),
        ["generatorLimited"] = r.Generator.Limited,
    };

    /// <summary>What must agree before two runs can be compared.</summary>
    static JsonObject Shape(Scenario scenario) => new()
    {
        ["model"] = scenario.Model switch { ArrivalModel => "rate", ReplayModel replay => $"replay of {replay.Seconds.Count} requests", _ => "users" },
        ["stages"] = string.Join(", ", Stages(scenario.Model).Select(s => $"{Text(s.From)}→{Text(s.To)}{(s.Duration < TimeSpan.FromDays(365) ? $" in {DurationText.Write(s.Duration)}" : "")}")),
        ["duration"] = DurationText.Write(scenario.Duration),
        ["requests"] = string.Join(", ", scenario.Entries.SelectMany(e => e.Steps).Select(s => s.Name)),
    };

    static IReadOnlyList<Stage> Stages(LoadModel model) => model switch { ArrivalModel open => open.Stages, UserModel users => users.Stages, _ => [] };

    static JsonArray Blocks(LoadResult result) => new([.. result.Blocks.Select(b => (JsonNode)new JsonArray(
        b.StartSeconds, b.Requests, b.Failed, Number(b.MedianMilliseconds), Number(b.P95Milliseconds), Number(b.P99Milliseconds), Number(b.MaxMilliseconds),
        new JsonArray([.. b.Heat.Select(h => (JsonNode)h)])))]);

    static JsonArray Process(ScenarioRun run) => new([.. run.Process.Select(s => (JsonNode)new JsonArray(
        s.Seconds, Number(s.CpuPercent), Number(s.MemoryMegabytes), s.Threads, s.OpenFiles, Number(s.VoluntarySwitches), Number(s.ForcedSwitches), Number(s.HostCpuPercent), Number(s.DiskReadKilobytes + s.DiskWriteKilobytes), Number(s.HostNetworkKilobytes)))]);

    static string[] Row(string name, long requests, long failed, double rate, LatencyHistogram latency) =>
    [
        name, requests.ToString(CultureInfo.InvariantCulture), failed.ToString(CultureInfo.InvariantCulture), Text(requests == 0 ? 0 : 100.0 * failed / requests), Text(rate),
        Text(latency.Mean.TotalMilliseconds), Text(latency.MillisecondsAt(50)), Text(latency.MillisecondsAt(95)), Text(latency.MillisecondsAt(99)), Text(latency.Max.TotalMilliseconds),
    ];

    internal static string Text(double value) => double.IsNaN(value) ? "–" : Math.Abs(value) switch
    {
        0 => "0",
        < 10 => value.ToString("0.###", CultureInfo.InvariantCulture),
        < 100 => value.ToString("0.##", CultureInfo.InvariantCulture),
        < 1000 => value.ToString("0.#", CultureInfo.InvariantCulture),
        _ => value.ToString("0", CultureInfo.InvariantCulture),
    };

    static JsonNode? Number(double value) => double.IsFinite(value) ? Math.Round(value, 4) : null;
}
