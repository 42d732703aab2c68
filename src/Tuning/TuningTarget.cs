using Fettle.Databases;
using Fettle.Tuning.Config;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning;

/// <summary>What is tuned: a service that Fettle starts on copies of its database, or one that runs at a URL.</summary>
public sealed class TuningTarget
{
    const string StocksPoolSize = "FETTLE__DATABASE__MAX_CONNECTIONS";
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

    /// <summary>What <c>verify</c> holds the service to.</summary>
    public IReadOnlyList<VerifyThreshold> Thresholds { get; init; } = [];

    /// <summary>How to start instances; null for a service that runs already.</summary>
    public Launch? Launch { get; init; }

    /// <summary>Where the running service is, when it is not started by Fettle.</summary>
    public Uri? Url { get; init; }

    /// <summary>Admin token of the running service.</summary>
    public string? Token { get; init; }

    /// <summary>Launch settings to try; each takes a new process.</summary>
    public IReadOnlyList<LaunchSetting> LaunchSettings { get; init; } = [];

    /// <summary>Requests per second that the tuned service is asked to sustain for half a minute at the end of a full run; null for no such check.</summary>
    public double? SustainRate { get; init; }

    /// <summary>A path that no action touches, for services of which no copy can be made.</summary>
    public string? Control { get; init; }

    /// <summary>Whether the service is a stranger's: it need not know <c>/fettle</c>.</summary>
    internal bool Foreign { get; init; }

    /// <summary>The statements of a service that records none.</summary>
    internal Func<IReadOnlyList<RecordedQuery>>? Statements { get; init; }

    /// <summary>Whether the one running instance is tuned in place, because Fettle cannot start another on a copy.</summary>
    public bool Live => Launch is null && Url is not null;

    /// <summary>Hosts beside loopback that may be loaded.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>The Stocks reference service on a database with its tables.</summary>
    /// <param name="launch">How to start <c>serve stocks</c>.</param>
    /// <param name="database">The user's database.</param>
    public static TuningTarget Stocks(Launch launch, DatabaseAddress database) =>
        new("stocks", (address, seed, cancellation) => StocksWorkload.PrepareAsync(address!, database, seed, cancellation))
        {
            Launch = launch, Database = database, SustainRate = 500, LaunchSettings = [LaunchSetting.Pool(StocksPoolSize, Environment.ProcessorCount), .. LaunchSetting.Dotnet(Environment.ProcessorCount)],
        };

    /// <summary>Any service, as a <c>fettle.yaml</c> describes it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="trust">What the file allows.</param>
    /// <param name="budget">The file's time budget, or null.</param>
    /// <param name="risk">The file's highest risk, or null.</param>
    /// <exception cref="TuningException">The file has mistakes, all listed, or the service must not be loaded as it says.</exception>
    public static TuningTarget FromFile(string path, out Trust trust, out TimeSpan? budget, out string? risk)
    {
        var config = ConfigReader.Load(path);
        (trust, budget, risk) = (config.Trust, config.Budget, config.Risk);
        return ConfigTarget.Make(config);
    }

    internal Task<Workload> PrepareWorkloadAsync(DatabaseAddress? database, int seed, CancellationToken cancellation) =>
        _prepare(database, seed, cancellation);

    internal string LockName => Database?.ToString() ?? Url?.ToString() ?? $"{Name}, started in {Launch?.Folder ?? Environment.CurrentDirectory}";

    /// <summary>The target as the journal's first line names it.</summary>
    internal string JournalName => Database is { } database ? $"database:{database}" : $"url:{LockName}";
}
