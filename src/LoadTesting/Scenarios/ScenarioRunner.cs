using Fettle.LoadTesting.Distributed;
using Fettle.LoadTesting.Engine;
using Fettle.LoadTesting.Server;
using Fettle.LoadTesting.Thresholds;

namespace Fettle.LoadTesting.Scenarios;

/// <summary>Runs scenario files: checks every request once, sets up, loads, watches thresholds and the target's process, tears down.</summary>
/// <param name="time">The system's clock; null for the real one.</param>
public sealed class ScenarioRunner(TimeProvider? time = null)
{
    static readonly TimeSpan OneRequestLimit = TimeSpan.FromMinutes(2);

    readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>Runs the file. Cancelling ends the load at once, still tears down, and returns what was measured.</summary>
    /// <exception cref="ScenarioException">A limit is exceeded, a request fails in the check before the run, or the set-up fails.</exception>
    /// <exception cref="InvalidOperationException">The host is neither loopback nor allowed.</exception>
    public async Task<ScenarioRun> RunAsync(ScenarioFile file, ScenarioRunOptions options, IProgress<LoadProgress>? progress = null, CancellationToken cancellation = default)
    {
        var target = options.Target ?? file.Target ?? throw new ScenarioException(file.Name, ["no target: add target to the file, or give the URL on the command line"]);
        Limits(file, options);
        var engine = new EngineOptions
        {
            Threads = options.Threads,
            AllowedHosts = options.AllowedHosts,
            Protocol = options.Protocol,
            TrustAnyCertificate = options.TrustAnyCertificate,
            FrameworkClient = options.FrameworkClient,
        };
        var single = engine with { Threads = 1 };
        var variables = new Dictionary<string, string>(file.Variables);
        foreach (var (name, value) in await PlayAsync(file, file.Setup, "set-up", target, variables, single, cancellation))
        {
            variables[name] = value;
        }

        if (options.CheckFirst)
        {
            foreach (var (scenario, entry) in file.Scenarios.SelectMany(s => s.Entries.Select(e => (s, e))))
            {
                await PlayAsync(file, entry.Steps, $"check before the run, scenario {scenario.Name}", target, variables, single, cancellation, scenario.Cookies);
            }
        }

        var run = await LoadAsync(file, options, target, variables, engine, progress, cancellation);
        await PlayAsync(file, file.Teardown, "teardown", target, variables, single, CancellationToken.None);
        return run;
    }

    async Task<ScenarioRun> LoadAsync(
        ScenarioFile file, ScenarioRunOptions options, Uri target, Dictionary<string, string> variables, EngineOptions engine, IProgress<LoadProgress>? progress, CancellationToken cancellation)
    {
        IReadOnlyList<int> processes = options.ProcessId is { } pid ? [pid] : OperatingSystem.IsLinux() && target.IsLoopback ? ListeningProcess.Find(target.Port) : [];
        await using var runtime = options.Metrics && target.IsLoopback && processes.Count > 0 ? await MetricsProbe.FindAsync(target, cancellation) : null;
        await using var sampler = new ProcessSampler(processes, _time);
        await using var watch = new ServerWatch(options.Probes.Prepend(runtime).OfType<IServerProbe>(), _time);
        var aborting = new AbortWatch(file);
        var (results, abortedBy, workers) = options.Workers is { } fleet
            ? await new WorkerFleet(fleet, _time).RunAsync(file, options, target, variables, progress, cancellation)
            : new FleetResult(await EngineRun.RunAsync(Jobs(file, target, variables), engine, progress, aborting.Any ? aborting.Look : null, _time, cancellation), aborting.Broken, []);
        var samples = await sampler.FinishAsync();
        var servers = await watch.FinishAsync();
        var overall = results.Count == 1 ? results[0] : ResultMerger.Merge(results, file.Scenarios);
        var groups = file.Scenarios.Zip(results).SelectMany(p => MeasuredGroups.Of(p.First, p.Second)).ToArray();
        return new ScenarioRun
        {
            Name = file.Name,
            Target = target,
            Results = [.. file.Scenarios.Zip(results)],
            Overall = overall,
            Thresholds = [.. file.Thresholds.Select(t => ThresholdJudge.Judge(t, groups, MeasuredGroups.Of(samples), options.Baseline))],
            Process = samples,
            Servers = servers,
            Hints = BottleneckHints.Of(overall, samples, Environment.ProcessorCount, servers),
            AbortedBy = abortedBy,
            Workers = workers,
        };
    }

    /// <summary>Plays steps once, in order; the first failure is an error with what came back.</summary>
    async Task<IReadOnlyDictionary<string, string>> PlayAsync(
        ScenarioFile file, IReadOnlyList<Step> steps, string what, Uri target, Dictionary<string, string> variables, EngineOptions engine, CancellationToken cancellation, bool cookies = false)
    {
        if (steps.Count == 0 || cancellation.IsCancellationRequested)
        {
            return new Dictionary<string, string>();
        }

        var model = LoadModel.Users(1) with { Requests = 1 };
        var scenario = new Scenario { Name = what, Model = model, Duration = OneRequestLimit, Entries = [new ScenarioEntry(1, [.. steps])], Cookies = cookies };
        var flow = new ScenarioFlow(scenario, new FlowVariables(variables, file.Feeds, 0, 1));
        var job = new EngineJob { Name = what, BaseUrl = target, Model = model, Flows = new OneFlow(flow), Duration = OneRequestLimit, Timeout = TimeSpan.FromSeconds(30), MaxConnections = 1 };
        var results = await EngineRun.RunAsync([job], engine, null, null, _time, cancellation);
        return results[0].ErrorSamples is [var first, ..]
            ? throw new ScenarioException(file.Name, [$"{what}: request {first.Request} to {target} failed: {first.Class} ({first.Detail})"])
            : flow.Variables.Own;
    }

    internal static IReadOnlyList<EngineJob> Jobs(ScenarioFile file, Uri target, IReadOnlyDictionary<string, string> variables) =>
        [.. file.Scenarios.Select(s => new EngineJob
        {
            Name = s.Name,
            BaseUrl = target,
            Model = s.Model,
            Flows = s.Recorded is null ? new ScenarioFlows(s, variables, file.Feeds) : null,
            Recorded = s.Recorded,
            StartAfter = s.StartAfter,
            WarmUp = s.WarmUp,
            Duration = s.Duration,
            Timeout = s.Timeout,
            MaxConnections = s.MaxConnections,
        })];

    /// <exception cref="ScenarioException">The file asks for more than the options allow.</exception>
    internal static void Limits(ScenarioFile file, ScenarioRunOptions options)
    {
        var mistakes = new List<string>();
        foreach (var scenario in file.Scenarios)
        {
            if (scenario.Model is ArrivalModel open && open.Stages.Max(s => Math.Max(s.From, s.To)) is var rate && rate > options.MaxRate || scenario.Model is ReplayModel replay && (rate = replay.Seconds.GroupBy(Math.Floor).Max(g => g.Count())) > options.MaxRate)
            {
                mistakes.Add($"scenario {scenario.Name} asks for {rate:0} requests per second; the limit is {options.MaxRate:0} (--max-rate)");
            }

            var length = scenario.StartAfter + scenario.WarmUp + scenario.Duration;
            if (length > options.MaxDuration)
            {
                mistakes.Add($"scenario {scenario.Name} ends after {DurationText.Write(length)}; the limit is {DurationText.Write(options.MaxDuration)} (--max-duration)");
            }
        }

        // One target, so the scenarios share a pool: the largest of what each asks for, or all their users together.
        var connections = Math.Max(file.Scenarios.Max(s => s.MaxConnections), file.Scenarios.Sum(s => s.Model is UserModel users ? (int)users.Stages.Max(t => Math.Max(t.From, t.To)) : 0));
        if (connections > options.MaxConnections)
        {
            mistakes.Add($"the scenarios ask for {connections} connections; the limit is {options.MaxConnections} (--max-connections)");
        }
        else if (OpenFileLimit.Missing(connections) is { } missing)
        {
            mistakes.Add(missing);
        }

        if (mistakes.Count > 0)
        {
            throw new ScenarioException(file.Name, mistakes);
        }
    }

    sealed class OneFlow(Flow flow) : IFlowSource
    {
        public Flow Create(int actor) => flow;
    }
}
