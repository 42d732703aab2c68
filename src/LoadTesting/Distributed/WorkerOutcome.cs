using Fettle.Redis;
using Fettle.LoadTesting.Scenarios;

namespace Fettle.LoadTesting.Distributed;

/// <summary>What became of one generator process of a distributed run.</summary>
/// <param name="Id">The worker's name.</param>
/// <param name="Share">Its part of the load, from 1.</param>
/// <param name="Completed">It gave its result. The figures of a worker that did not are missing, and so is its load from the moment it fell silent.</param>
/// <param name="Requests">Requests it counted; for a lost worker as last reported.</param>
/// <param name="ClockUncertaintyMilliseconds">How far its clock may be from the others': half its shortest round trip to Redis.</param>
/// <param name="Note">What happened to it; empty when all went well.</param>
public sealed record WorkerOutcome(string Id, int Share, bool Completed, long Requests, double ClockUncertaintyMilliseconds, string Note);

/// <summary>Where the generators of a distributed run are found.</summary>
public sealed record WorkerFleetOptions
{
    /// <summary>The Redis server that the generators share.</summary>
    public required RedisOptions Redis { get; set; }

    /// <summary>How many workers to wait for, 1 to 1,000; null takes all that are there after <see cref="Patience"/>, at least one.</summary>
    public int? Count
    {
        get;
        set => field = value is null ? null : Throw.InRange(value.Value, 1, 1000, nameof(Count));
    }

    /// <summary>How long to wait for workers; default 10 s, from 100 ms to 10 min.</summary>
    public TimeSpan Patience
    {
        get;
        set => field = Throw.InRange(value, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10), nameof(Patience));
    } = TimeSpan.FromSeconds(10);

    /// <summary>A worker that says nothing for so long is lost; default 5 s, from 500 ms to 5 min.</summary>
    public TimeSpan SilentAfter
    {
        get;
        set => field = Throw.InRange(value, TimeSpan.FromMilliseconds(500), TimeSpan.FromMinutes(5), nameof(SilentAfter));
    } = TimeSpan.FromSeconds(5);
}

/// <summary>How a worker serves.</summary>
public sealed record LoadWorkerOptions
{
    /// <summary>Its name in reports; default host and process.</summary>
    public string Name { get; set; } = $"{Environment.MachineName}-{Environment.ProcessId}";

    /// <summary>Hosts beside loopback that this worker may load, whatever a coordinator asks for.</summary>
    public IReadOnlyList<string> AllowedHosts { get; set; } = [];

    /// <summary>Event loops; default 1, from 1 to 64.</summary>
    public int Threads
    {
        get;
        set => field = Throw.InRange(value, 1, 64, nameof(Threads));
    } = 1;

    /// <summary>Ends after one run; default false.</summary>
    public bool Once { get; set; }

    /// <summary>Limits that hold here, whatever a coordinator asks for.</summary>
    public ScenarioRunOptions Limits { get; set; } = new();
}
