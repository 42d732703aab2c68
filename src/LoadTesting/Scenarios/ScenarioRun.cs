using Fettle.LoadTesting.Distributed;
using Fettle.LoadTesting.Scaling;
using Fettle.LoadTesting.Server;
using Fettle.LoadTesting.Thresholds;

namespace Fettle.LoadTesting.Scenarios;

/// <summary>What a scenario file's run measured and how its thresholds came out.</summary>
public sealed record ScenarioRun
{
    /// <summary>The file's name.</summary>
    public required string Name { get; init; }

    /// <summary>Where the load went.</summary>
    public required Uri Target { get; init; }

    /// <summary>The results of the scenarios in the order of the file.</summary>
    public required IReadOnlyList<(Scenario Scenario, LoadResult Result)> Results { get; init; }

    /// <summary>All scenarios together.</summary>
    public required LoadResult Overall { get; init; }

    /// <summary>The thresholds and what they came to.</summary>
    public required IReadOnlyList<ThresholdOutcome> Thresholds { get; init; }

    /// <summary>The target's process over time; empty when it was not watched.</summary>
    public IReadOnlyList<ProcessSample> Process { get; init; } = [];

    /// <summary>What was read beside the target: its runtime, its database, its cache.</summary>
    public IReadOnlyList<ServerSeries> Servers { get; init; } = [];

    /// <summary>What scaling did with the instances; null when none was scaled.</summary>
    public ScalingRecord? Scaling { get; init; }

    /// <summary>What probably limited the run, the strongest first.</summary>
    public IReadOnlyList<string> Hints { get; init; } = [];

    /// <summary>The threshold that ended the run early; null when none did.</summary>
    public string? AbortedBy { get; init; }

    /// <summary>The generator processes of a distributed run; empty when this process made the load.</summary>
    public IReadOnlyList<WorkerOutcome> Workers { get; init; } = [];

    /// <summary>Memory of the target in megabytes per minute.</summary>
    public Trend Memory => Trend.Of([.. Process.Select(p => (p.Seconds / 60, p.MemoryMegabytes))]);

    /// <summary>130 when interrupted (half a run decides nothing), 99 when a threshold failed, 4 when the generator was the limit or a worker was lost, else 0.</summary>
    public int ExitCode =>
        Overall.Interrupted && AbortedBy is null ? 130 : Thresholds.Any(t => !t.Passed) ? 99 : Overall.Generator.Limited || Workers.Any(w => !w.Completed) ? 4 : 0;
}

/// <summary>How a scenario file is run.</summary>
public sealed record ScenarioRunOptions
{
    /// <summary>Replaces the file's target.</summary>
    public Uri? Target { get; set; }

    /// <summary>Event loops; default 1.</summary>
    public int Threads
    {
        get;
        set => field = Throw.InRange(value, 1, 64, nameof(Threads));
    } = 1;

    /// <summary>Hosts beside loopback that may be loaded.</summary>
    public IReadOnlyList<string> AllowedHosts { get; set; } = [];

    /// <summary>HTTP/1.1 (default) or HTTP/2.</summary>
    public HttpProtocol Protocol { get; set; }

    /// <summary>Accept any certificate of the server; default false.</summary>
    public bool TrustAnyCertificate { get; set; }

    /// <summary>Send through the framework's HTTP client instead of the engine's own sockets; default false.</summary>
    public bool FrameworkClient { get; set; }

    /// <summary>The target's process; null to look for the one that listens on the target's port when it is local.</summary>
    public int? ProcessId { get; set; }

    /// <summary>Send every request once before the run and refuse to start when one fails; default true.</summary>
    public bool CheckFirst { get; set; } = true;

    /// <summary>Highest rate in requests per second that a scenario may ask for; default 50,000.</summary>
    public double MaxRate
    {
        get;
        set => field = Throw.InRange(value, 1, 1_000_000, nameof(MaxRate));
    } = 50_000;

    /// <summary>Longest run; default 2 h.</summary>
    public TimeSpan MaxDuration
    {
        get;
        set => field = Throw.InRange(value, TimeSpan.FromSeconds(1), TimeSpan.FromDays(7), nameof(MaxDuration));
    } = TimeSpan.FromHours(2);

    /// <summary>Most connections that the scenarios that run at the same time may ask for together; default 20,000.</summary>
    public int MaxConnections
    {
        get;
        set => field = Throw.InRange(value, 1, 60_000, nameof(MaxConnections));
    } = 20_000;

    /// <summary>Figures of a saved run for relative thresholds; null when there is none.</summary>
    public Func<Threshold, double?>? Baseline { get; set; }

    /// <summary>What is read once a second beside the target's process; the caller disposes them. Default none.</summary>
    public IReadOnlyList<IServerProbe> Probes { get; set; } = [];

    /// <summary>Read a local target's runtime from its <c>/metrics</c> when it has one; one GET a second. Default false.</summary>
    public bool Metrics { get; set; }

    /// <summary>Other processes that make the load together; null makes it here.</summary>
    public WorkerFleetOptions? Workers { get; set; }
}
