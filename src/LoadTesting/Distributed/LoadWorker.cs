using System.Globalization;
using System.Text.Json.Nodes;
using Fettle.LoadTesting.Engine;
using Fettle.LoadTesting.Scenarios;
using Fettle.Redis;

namespace Fettle.LoadTesting.Distributed;

/// <summary>
/// One generator process of a distributed run: says hello in Redis, waits for a share of a run, carries it out on the common
/// clock, reports every half second and gives its result.
/// </summary>
/// <param name="redis">The server where coordinators look for workers.</param>
/// <param name="options">Name, limits.</param>
/// <param name="time">The system's clock; null for the real one.</param>
public sealed class LoadWorker(RedisOptions redis, LoadWorkerOptions options, TimeProvider? time = null)
{
    internal static readonly TimeSpan HelloEvery = TimeSpan.FromMilliseconds(500);
    static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    readonly TimeProvider _time = time ?? TimeProvider.System;
    readonly string _id = $"{options.Name}-{Guid.NewGuid().ToString("n")[..6]}";

    /// <summary>Serves until cancelled, or until one run is over when the options say so.</summary>
    /// <param name="log">Told in a sentence what happens; null for nobody.</param>
    /// <param name="cancellation">Ends the worker; a run under way ends too.</param>
    public async Task RunAsync(Action<string>? log = null, CancellationToken cancellation = default)
    {
        await using var connection = await RedisConnection.ConnectAsync(redis, cancellation: cancellation);
        var streams = new WorkerStreams(connection);
        log?.Invoke($"worker {_id} waits at {connection.Endpoint}");
        var last = "";
        var saidHello = long.MinValue;
        try
        {
            while (true)
            {
                if (saidHello == long.MinValue || _time.GetElapsedTime(saidHello) >= HelloEvery)
                {
                    await streams.AddAsync(WorkerStreams.Hello, [("worker", _id)], cancellation);
                    saidHello = _time.GetTimestamp();
                }

                foreach (var entry in await streams.ReadAsync(WorkerStreams.ToWorker(_id), last, cancellation))
                {
                    last = entry.Id;
                    if (entry["kind"] == "job")
                    {
                        log?.Invoke($"run {entry["run"]}: share {entry["share"]} of {entry["shares"]}");
                        last = await CarryOutAsync(entry, last, streams, log, cancellation);
                        saidHello = long.MinValue;
                        if (options.Once)
                        {
                            return;
                        }
                    }
                }

                await Task.Delay(LookEvery, _time, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
    }

    async Task<string> CarryOutAsync(StreamEntry job, string last, WorkerStreams streams, Action<string>? log, CancellationToken cancellation)
    {
        var report = WorkerStreams.OfRun(job["run"]);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            var (ahead, uncertainty) = await streams.ClockAsync(_time, cancellation);
            var board = new LatestProgress();
            var running = Task.Run(() => RunShareAsync(job, ahead, board, stop.Token), CancellationToken.None);
            while (await Task.WhenAny(running, Task.Delay(HelloEvery, _time, CancellationToken.None)) != running)
            {
                await streams.AddAsync(report, [("worker", _id), ("kind", "progress"), ("progress", board.ToJson()), ("clock", uncertainty.TotalMilliseconds.ToString("R", CultureInfo.InvariantCulture))], CancellationToken.None);
                foreach (var entry in await streams.ReadAsync(WorkerStreams.ToWorker(_id), last, CancellationToken.None))
                {
                    last = entry.Id;
                    if (entry["kind"] == "stop" && entry["run"] == job["run"])
                    {
                        await stop.CancelAsync();
                    }
                }
            }

            var share = await running;
            await streams.AddAsync(report, [("worker", _id), ("kind", "result"), ("aborted", share.AbortedBy ?? ""), ("clock", uncertainty.TotalMilliseconds.ToString("R", CultureInfo.InvariantCulture)),
                ("results", new JsonArray([.. share.Results.Select(r => (JsonNode)ResultJson.Write(r))]).ToJsonString())], CancellationToken.None);
            log?.Invoke($"run {job["run"]}: {share.Results.Sum(r => r.Requests)} requests, {share.Results.Sum(r => r.Failed)} failed");
        }
        catch (Exception e) when (e is ScenarioException or InvalidOperationException or IOException or ArgumentException or FormatException or System.Text.Json.JsonException)
        {
            await streams.AddAsync(report, [("worker", _id), ("kind", "refused"), ("reason", e.Message)], CancellationToken.None);
            log?.Invoke($"run {job["run"]} refused: {e.Message}");
        }

        return last;
    }

    async Task<(IReadOnlyList<LoadResult> Results, string? AbortedBy)> RunShareAsync(StreamEntry job, TimeSpan ahead, IProgress<LoadProgress> progress, CancellationToken cancellation)
    {
        var (share, shares) = (int.Parse(job["share"], CultureInfo.InvariantCulture) - 1, int.Parse(job["shares"], CultureInfo.InvariantCulture));
        var variables = JsonNode.Parse(job["variables"])!.AsObject().ToDictionary(v => v.Key, v => (string)v.Value!);
        var environment = variables.Where(v => v.Key.StartsWith("env.", StringComparison.Ordinal)).ToDictionary(v => v.Key["env.".Length..], v => v.Value);
        var files = JsonNode.Parse(job["files"])!.AsObject().ToDictionary(f => f.Key, f => (string)f.Value!);
        var file = ScenarioReader.Parse(job["scenario"], job["name"], new ScenarioFiles(".", files), environment);
        file = (job["short"] == "1" ? file.Shortened() : file).ForShare(share, shares);
        var target = new Uri(job["target"]);
        ScenarioRunner.Limits(file, options.Limits);
        var engine = new EngineOptions
        {
            Threads = options.Threads,
            AllowedHosts = options.AllowedHosts,
            Protocol = job["protocol"] == "2" ? HttpProtocol.Http2 : HttpProtocol.Http11,
            TrustAnyCertificate = job["insecure"] == "1",
            FrameworkClient = job["framework-client"] == "1",
            Share = (share, shares),
            BeginAt = DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(job["begin"], CultureInfo.InvariantCulture)) - ahead,
        };
        var aborting = new AbortWatch(file);
        var results = await EngineRun.RunAsync(ScenarioRunner.Jobs(file, target, variables), engine, progress, aborting.Any ? aborting.Look : null, _time, cancellation);
        return (results, aborting.Broken);
    }

    sealed class LatestProgress : IProgress<LoadProgress>
    {
        volatile LoadProgress? _latest;

        public void Report(LoadProgress value) => _latest = value;

        public string ToJson() => _latest is not { } p ? "" : new JsonArray(
            p.Elapsed.TotalSeconds, p.WarmingUp, p.Requests, p.Failed, p.InFlight, p.Waiting, p.Connections, p.RatePerSecond,
            double.IsNaN(p.MedianMilliseconds) ? null : p.MedianMilliseconds, double.IsNaN(p.P99Milliseconds) ? null : p.P99Milliseconds).ToJsonString();
    }
}
