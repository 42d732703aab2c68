using System.Globalization;

namespace Fettle.Tuning.Targets;

/// <summary>Environment that a service is started with: pool sizes, garbage collector, thread pool, workers. Changing it takes a new process.</summary>
public sealed record LaunchSetting
{
    /// <summary>Lower-case words joined by hyphens; the action is <c>launch:NAME</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Variables that are set; they replace those of the launch.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Why it may help.</summary>
    public string Why { get; init; } = "";

    /// <summary><c>low</c>, <c>medium</c> or <c>high</c>; default medium.</summary>
    public string Risk { get; init; } = "medium";

    /// <summary>What a .NET service can be started with: the garbage collector's two modes, and a thread pool that does not grow one by one.</summary>
    /// <param name="processors">Processors of the machine.</param>
    public static IReadOnlyList<LaunchSetting> Dotnet(int processors) =>
    [
        new() { Name = "gc-server", Environment = new Dictionary<string, string> { ["DOTNET_gcServer"] = "1" }, Why = "one heap and one collecting thread per processor: fewer pauses under load, more memory" },
        new() { Name = "gc-not-concurrent", Environment = new Dictionary<string, string> { ["DOTNET_gcConcurrent"] = "0" }, Why = "no background collection beside the requests: less processor time where it is scarce, longer full collections" },
        new() { Name = "thread-pool", Environment = new Dictionary<string, string> { ["DOTNET_ThreadPool_ForceMinWorkerThreads"] = $"{16 * processors:x}" }, Why = "starts with many threads instead of adding one or two a second when requests block" },
    ];

    /// <summary>A pool of as many connections as the processors keep busy: what waits is then queued in the service and not in the database.</summary>
    /// <param name="variable">The variable that the service takes the size from.</param>
    /// <param name="processors">Processors of the machine.</param>
    public static LaunchSetting Pool(string variable, int processors) => new()
    {
        Name = "pool-size",
        Environment = new Dictionary<string, string> { [variable] = (2 * processors + 1).ToString(CultureInfo.InvariantCulture) },
        Why = "as many connections as the processors keep busy: more only queue in the database, where waiting costs locks and memory",
    };
}
