using System.Globalization;
using System.Text.Json.Nodes;
using Fettle.LoadTesting;
using Fettle.Shared.Results;
using Fettle.Tuning.Journal;
using Fettle.Tuning.Loop;
using Fettle.Tuning.Reports;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning;

/// <summary>Settings of the fixed quick run.</summary>
public sealed record BenchmarkOptions
{
    /// <summary>Requests under way at once. Default 100; 1–10,000.</summary>
    public int Concurrency { get; set => field = Throw.InRange(value, 1, 10_000, "concurrency"); } = 100;

    /// <summary>Counted time. Default 10 s; 0.5 s–1 h.</summary>
    public TimeSpan Duration { get; set => field = Throw.InRange(value, TimeSpan.FromSeconds(0.5), TimeSpan.FromHours(1), "duration"); } = TimeSpan.FromSeconds(10);

    /// <summary>Load before counting. Default 2 s; 0–10 min.</summary>
    public TimeSpan WarmUp { get; set => field = Throw.InRange(value, TimeSpan.Zero, TimeSpan.FromMinutes(10), "warm-up"); } = TimeSpan.FromSeconds(2);

    /// <summary>Seed of the traffic. Default 1.</summary>
    public int Seed { get; set; } = 1;

    /// <summary>A switches file whose switches are on in an instance that Fettle starts; null for all off.</summary>
    public string? SwitchesFile { get; set; }

    /// <summary>Folder of runs and scratch copies. Default <c>.fettle</c>.</summary>
    public string StateFolder { get; set; } = ".fettle";

    /// <summary>The command as typed, for the result.</summary>
    public IReadOnlyList<string> Command { get; set; } = [];
}

/// <summary>
/// A fixed quick look: as many requests under way as asked for, throughput, percentiles, cache statistics. Nothing is changed: a service that Fettle starts
/// works on a copy, a running one is only asked.
/// </summary>
public static class QuickBenchmark
{
    static readonly double[] Percentiles = [50, 90, 95, 99, 99.9];

    /// <summary>Runs and returns the <c>fettle.result/1</c> document.</summary>
    /// <exception cref="TuningException">The service does not start or does not answer.</exception>
    public static Task<string> RunAsync(TuningTarget target, BenchmarkOptions options, TimeProvider? time = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(target);
        var clock = time ?? TimeProvider.System;
        return RunAsync(target, options, Tuner.Starter(target, clock), clock, cancellation);
    }

    internal static async Task<string> RunAsync(TuningTarget target, BenchmarkOptions options, InstanceStarter start, TimeProvider time, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        options = options with { };
        var startedAt = time.GetUtcNow();
        var folder = RunFolder.Create(options.StateFolder, target.Name + "-benchmark", time);
        using var journal = TuningJournal.Open(folder.Journal, time);
        journal.Append(new JournalEntry { Event = JournalEvent.Begin, Target = target.JournalName, Folder = folder.Scratch });
        Databases.DatabaseAddress? copy = null;
        try
        {
            if (target is { Live: false, Database: { } database })
            {
                copy = await TunedDatabase.CopyAsync(database, folder.Scratch, "a", cancellation);
            }

            await using var instance = await start("A", copy ?? target.Database, !target.Live, journal, cancellation);
            if (!target.Live)
            {
                await SetSwitchesAsync(instance, options.SwitchesFile, cancellation);
            }

            var json = await MeasureAsync(target, instance, options, startedAt, folder, cancellation);
            return json;
        }
        finally
        {
            if (copy is not null)
            {
                await TunedDatabase.DropCopyAsync(copy);
            }

            Directory.Delete(folder.Scratch, recursive: true);
            journal.Append(new JournalEntry { Event = JournalEvent.End });
        }
    }

    static async Task SetSwitchesAsync(ServiceInstance instance, string? file, CancellationToken cancellation)
    {
        var wanted = file is null ? [] : SwitchesFile.Read(file);
        var known = await instance.Client.SwitchesAsync(cancellation);
        if (wanted.Except(known.Select(s => s.Name)).FirstOrDefault() is { } unknown)
        {
            throw new TuningException($"{file}: the service has no switch '{unknown}'; it has {string.Join(", ", known.Select(s => s.Name))}");
        }

        foreach (var other in known.Where(s => s.On != wanted.Contains(s.Name)))
        {
            await instance.Client.SetSwitchAsync(other.Name, !other.On, cancellation);
        }
    }

    static async Task<string> MeasureAsync(TuningTarget target, ServiceInstance instance, BenchmarkOptions options, DateTimeOffset startedAt, RunFolder folder, CancellationToken cancellation)
    {
        var workload = await target.PrepareWorkloadAsync(instance.Database, options.Seed, cancellation);
        var generator = new LoadGenerator();
        LoadPlan Plan(TimeSpan duration, int seed) => new()
        {
            BaseUrl = instance.Url, Model = LoadModel.Users(options.Concurrency), Source = workload.Requests(seed), Duration = duration, AllowedHosts = target.AllowedHosts,
        };
        if (options.WarmUp > TimeSpan.Zero)
        {
            await generator.RunAsync(Plan(options.WarmUp, options.Seed + 11), null, cancellation);
        }

        var loadBefore = RunEnvironment.LoadAverage();
        var before = await instance.Client.CountersAsync(cancellation);
        var measured = await generator.RunAsync(Plan(options.Duration, options.Seed), null, cancellation);
        cancellation.ThrowIfCancellationRequested();
        var counted = (await instance.Client.CountersAsync(cancellation)).Since(before);
        var result = new ResultDocument
        {
            Kind = "tune", Name = target.Name, StartedAt = startedAt, DurationSeconds = options.Duration.TotalSeconds, Machine = RunEnvironment.Machine(), Source = RunEnvironment.Source(), Command = [.. options.Command],
            Settings = new JsonObject { ["mode"] = "benchmark", ["concurrency"] = options.Concurrency, ["seconds"] = options.Duration.TotalSeconds, ["seed"] = options.Seed, ["workload"] = workload.Description, ["switches"] = options.SwitchesFile },
            Noise = new JsonObject { ["loadAverageBefore"] = loadBefore, ["loadAverageAfter"] = RunEnvironment.LoadAverage() },
        };
        Fill(result, measured, counted, options, folder);
        result.Save(folder.Result);
        return result.ToJson();
    }

    static void Fill(ResultDocument result, LoadResult measured, ServiceCounters counted, BenchmarkOptions options, RunFolder folder)
    {
        var answered = measured.Requests - measured.Failed;
        var perSecond = answered / options.Duration.TotalSeconds;
        List<string[]> rows = [["throughput, requests/s", Cells.Figure(perSecond)], ["requests", Count(measured.Requests)], ["failed", Count(measured.Failed)]];
        rows.AddRange(Percentiles.Where(p => p < 99.5 || measured.Requests >= 10_000).Select(p => new[] { $"latency p{p.ToString(CultureInfo.InvariantCulture)}, ms", Cells.Figure(measured.Latency.MillisecondsAt(p)) }));
        rows.Add(["bytes per answer", Cells.Figure(measured.Requests == 0 ? null : (double)measured.BytesReceived / measured.Requests)]);
        if (counted.Queries is { } queries && measured.Requests > 0)
        {
            rows.Add(["database statements per request", Cells.Figure(queries / measured.Requests)]);
        }

        result.Tables.Add(new ResultTable($"Benchmark, {options.Concurrency} requests under way", ["metric", "value"], rows, measured.Generator.Limited ? "The generator was the limit: these latencies describe it, not the service." : null));
        var caches = counted.Caches.OrderBy(c => c.Key, StringComparer.Ordinal).ToArray();
        if (caches.Length > 0)
        {
            result.Tables.Add(new ResultTable("Caches", ["category", "lookups", "hits", "hit rate, %"], [.. caches.Select(c => new[] { c.Key, Count(c.Value.Lookups), Count(c.Value.Hits), Cells.Figure(100.0 * c.Value.Hits / c.Value.Lookups) })]));
        }

        result.Histograms["latency"] = TrialJson.Of(measured.Latency);
        result.Data["run"] = folder.Id;
        result.Data["end"] = "Measured";
        result.Data["throughputPerSecond"] = TrialJson.Round(perSecond);
        result.Data["failed"] = measured.Failed;
        result.Data["generatorLimited"] = measured.Generator.Limited;
    }

    static string Count(long value) => value.ToString("#,0", CultureInfo.InvariantCulture);
}
