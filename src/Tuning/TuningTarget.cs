using Fettle.Databases;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning;

/// <summary>What is tuned: a service that Fettle starts on copies of its database, or one that runs at a URL.</summary>
public sealed class TuningTarget
{
    readonly Func<DatabaseAddress?, int, CancellationToken, Task<Workload>> _prepare;

    internal TuningTarget(string name, Func<DatabaseAddress?, int, CancellationToken, Task<Workload>> prepare)
    {
        Name = name;
        _prepare = prepare;
    }

    /// <summary>The service's name; part of the run's id.</summary>
    public string Name { get; }

    /// <summary>The user's database: copied, and changed only at the end and only with kept actions. Null for a service whose database is out of reach.</summary>
    public DatabaseAddress? Database { get; init; }

    /// <summary>How to start instances; null for a service that runs already.</summary>
    public Launch? Launch { get; init; }

    /// <summary>Where the running service is, when it is not started by Fettle.</summary>
    public Uri? Url { get; init; }

    /// <summary>Admin token of the running service.</summary>
    public string? Token { get; init; }

    /// <summary>Hosts beside loopback that may be loaded.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>The Stocks reference service on a database with its tables.</summary>
    /// <param name="launch">How to start <c>serve stocks</c>.</param>
    /// <param name="database">The user's database.</param>
    public static TuningTarget Stocks(Launch launch, DatabaseAddress database) =>
        new("stocks", (address, seed, cancellation) => StocksWorkload.PrepareAsync(address!, seed, cancellation)) { Launch = launch, Database = database };

    internal Task<Workload> PrepareWorkloadAsync(DatabaseAddress? database, int seed, CancellationToken cancellation) =>
        _prepare(database, seed, cancellation);

    internal string LockName => Database?.ToString() ?? Url!.ToString();
}
