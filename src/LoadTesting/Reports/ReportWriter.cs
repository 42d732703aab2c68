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
        document.Tables.Add(Timing(overall));
        if (run.Process.Count > 0)
        {
            document.Tables.Add(System(run));
        }

        foreach (var server in run.Servers)
        {
            document.Tables.Add(new ResultTable(ServerTitle(server.Source), ["figure", "mean", "max"], [.. server.Figures.Select(f => new[] { f, Text(server.Mean(f)), Text(server.Max(f)) })],
                server.Note.Length == 0 ? null : $"values are missing: {server.Note}"));
        }

        foreach (var steps in run.Results.Select(r => LoadSteps.Of(r.Scenario, r.Result, run.Thresholds)).OfType<LoadSteps>())
        {
            document.Tables.Add(steps.ToTable());
        }

        if (run.Scaling is { } scaling)
        {
            document.Tables.Add(new ResultTable("Scaling", ["at s", "event", "instance", "process", "instances", "cause"],
                [.. scaling.Events.Select(e => new[] { Text(e.Seconds), e.What, e.Instance, e.ProcessId == 0 ? "" : e.ProcessId.ToString(CultureInfo.InvariantCulture), e.Instances.ToString(CultureInfo.InvariantCulture), e.Cause })]));
            document.Data["scaling"] = new JsonArray([.. scaling.Samples.Select(x => (JsonNode)new JsonArray(x.Seconds, x.Instances, Number(x.CpuPercent), Number(x.MaxCpuPercent)))]);
        }

        document.Data["overall"] = Counts(overall);
        document.Data["grade"] = Grade.Of(overall).ToString();
        document.Data["hints"] = new JsonArray([.. run.Hints.Select(h => (JsonNode)h)]);
        document.Data["findings"] = new JsonArray([.. Findings(run).Select(s => (JsonNode)s)]);
        document.Data["abortedBy"] = run.AbortedBy;
        document.Data["exitCode"] = run.ExitCode;
        document.Data["model"] = new JsonObject([.. run.Results.Select(r => KeyValuePair.Create(r.Scenario.Name, (JsonNode?)Shape(r.Scenario)))]);
        document.Data["blocks"] = Blocks(overall);
        document.Data["process"] = Process(run);
        document.Data["servers"] = new JsonArray([.. run.Servers.Select(x => (JsonNode)new JsonObject
        {
            ["source"] = x.Source,
            ["figures"] = new JsonArray([.. x.Figures.Select(f => (JsonNode)f)]),
            ["samples"] = new JsonArray([.. x.Samples.Select(v => (JsonNode)new JsonArray([v.Seconds, .. v.Values.Select(Number)]))]),
        })]);
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

    /// <summary>What the run says beyond its figures: recovery after a peak, the knee of its steps, the slope of the target's memory.</summary>
    static IEnumerable<string> Findings(ScenarioRun run)
    {
        foreach (var (scenario, result) in run.Results)
        {
            if (SpikeRecovery.Sentence(scenario.Name, scenario.Model, scenario.WarmUp.TotalSeconds, result.Blocks) is { } recovery)
            {
                yield return $"recovery of {recovery}";
            }

            if (LoadSteps.Of(scenario, result, run.Thresholds) is { } steps)
            {
                yield return steps.Sentence;
            }
        }

        var memory = run.Memory;
        if (!double.IsNaN(memory.Slope))
        {
            yield return $"memory of the target: {(memory.Slope >= 0 ? "+" : "")}{Text(memory.Slope)} ± {Text(memory.HalfWidth)} MB/min ({(memory.Significant ? "a trend" : "no trend")} at 95 %)";
        }
    }

    internal static string ServerTitle(string source) => source switch { "runtime" => "Target runtime", "postgres" => "PostgreSQL", "redis" => "Redis", _ => source };

    /// <summary>How punctual the generator was: the arrival's own error is the dispatch lag, since what follows is waiting for a connection.</summary>
    static ResultTable Timing(LoadResult overall) => new("Timing of the generator", ["figure", "p50 ms", "p99 ms", "p99.9 ms", "max ms"],
    [
        Line("arrival error: due until the loop begins it", overall.Generator.DispatchLag),
        Line("send lag: due until the first byte is sent", overall.SendLag),
    ], double.IsNaN(overall.Generator.CpuSeconds) ? null
        : $"event loops: {Text(overall.Generator.CpuSeconds)} s of processor time, {Text(overall.Generator.RunQueueSeconds)} s waiting for a processor");

    static string[] Line(string name, LatencyHistogram h) => [name, Text(h.MillisecondsAt(50)), Text(h.MillisecondsAt(99)), Text(h.MillisecondsAt(99.9)), Text(h.Max.TotalMilliseconds)];

    static ResultTable Scenarios(ScenarioRun run) => new("Scenarios",
        ["scenario", "requests", "failed", "error %", "req/s", "mean ms", "p50 ms", "p95 ms", "p99 ms", "max ms", "verdict"],
        [.. run.Results.Select(r => (string[])[.. Row(r.Scenario.Name, r.Result.Requests, r.Result.Failed, r.Result.Throughput, r.Result.Latency), Verdict(run, r.Scenario.Name)])],
        "Latency is measured from the intended start of each request.");

    /// <summary>Whether every threshold that the scenario has a part in holds.</summary>
    static string Verdict(ScenarioRun run, string scenario)
    {
        var own = run.Thresholds.Where(t => !t.Threshold.Tags.TryGetValue("scenario", out var of) || of == scenario).ToArray();
        return own.Length == 0 ? "–" : own.All(t => t.Passed) ? "PASS" : "FAIL";
    }

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
        return new ResultTable("Target process", ["figure", "mean", "max"],
        [
            Figure("CPU % of a core", s => s.CpuPercent),
            Figure("memory MB", s => s.MemoryMegabytes),
            Figure("threads", s => s.Threads),
            Figure("open files", s => s.OpenFiles),
            Figure("voluntary switches/s", s => s.VoluntarySwitches),
            Figure("forced switches/s", s => s.ForcedSwitches),
            Figure("disk KB/s", s => s.DiskReadKilobytes + s.DiskWriteKilobytes),
            Figure("network KB/s", s => s.NetworkKilobytes),
            Figure("host CPU %", s => s.HostCpuPercent),
            Figure("host network KB/s", s => s.HostNetworkKilobytes),
            Figure("host disk KB/s", s => s.HostDiskKilobytes),
        ], "Network is that of the process's network namespace: its own in a container, else the machine's.");

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
        s.Seconds, Number(s.CpuPercent), Number(s.MemoryMegabytes), s.Threads, s.OpenFiles, Number(s.VoluntarySwitches), Number(s.ForcedSwitches), Number(s.HostCpuPercent), Number(s.DiskReadKilobytes + s.DiskWriteKilobytes), Number(s.HostNetworkKilobytes), Number(s.HostDiskKilobytes), Number(s.NetworkKilobytes)))]);

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
