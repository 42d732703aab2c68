using Fettle.Databases;

namespace Fettle.Services.Stocks.Serving;

/// <summary>How the service runs.</summary>
internal sealed record StocksOptions
{
    public required DatabaseAddress Database { get; init; }

    /// <summary>The folder of model versions; default the one that is built with the service.</summary>
    public string ModelsFolder { get; init; } = Path.Combine(AppContext.BaseDirectory, "stocks", "models");

    /// <summary>Where batch runs write their CSV files; default a folder <c>stocks-runs</c> beside the SQLite file, or in the working folder.</summary>
    public string? RunsFolder { get; init; }

    /// <summary>A file of switches that are on from the start.</summary>
    public string? SwitchesFile { get; init; }

    /// <summary>Bearer token of the admin endpoints; default the environment's, else one is made.</summary>
    public string? AdminToken { get; init; }

    /// <summary>Predict requests per second and client, 1–1,000,000; default 100.</summary>
    public int SinglePerSecond
    {
        get;
        set => field = Throw.IfOutside(nameof(SinglePerSecond), value, 1, 1_000_000, "Give a number in the range.");
    } = 100;

    /// <summary>Batch requests per second and client, 1–1,000,000; default 10.</summary>
    public int BatchPerSecond
    {
        get;
        set => field = Throw.IfOutside(nameof(BatchPerSecond), value, 1, 1_000_000, "Give a number in the range.");
    } = 10;

    /// <summary>Entries of the features and of the predictions in memory, 1–10,000,000; default 50,000.</summary>
    public int CacheEntries
    {
        get;
        set => field = Throw.IfOutside(nameof(CacheEntries), value, 1, 10_000_000, "Give a number in the range.");
    } = 50_000;

    /// <summary>The second tier of the cache, <c>redis://…</c>; default none.</summary>
    public string? Redis { get; init; }

    /// <summary>Whether the caches are warmed at the start, and the service is ready only then; default false.</summary>
    public bool Warm { get; init; }

    /// <summary>Where the keys asked for most are kept across restarts; default nowhere.</summary>
    public string? PopularityFile { get; init; }

    /// <summary>Whether the limits hold for loopback clients too; default false.</summary>
    public bool LimitLoopback { get; set; }

    /// <summary>Seconds that features, predictions and answers are kept, 1–604,800; default 3,600. Changed data ends them at once.</summary>
    public int CacheSeconds
    {
        get;
        set => field = Throw.IfOutside(nameof(CacheSeconds), value, 1, 604_800, "Give a number in the range.");
    } = 3_600;

    /// <summary>Most connections that the pool keeps, 1–1,000; default 20.</summary>
    public int PoolSize
    {
        get;
        set => field = Throw.IfOutside(nameof(PoolSize), value, 1, 1_000, "Give a number in the range.");
    } = 20;

    /// <summary>Whether the OpenAPI document answers without the admin token; default true.</summary>
    public bool OpenApiOpen { get; set; } = true;

    /// <summary>What the service tells Fettle besides: limits, draining, metrics.</summary>
    public Action<AspNetCore.FettleOptions>? Configure { get; set; }

    public string RunsFolderOrDefault => RunsFolder ?? Path.Combine(
        Database.Engine == DatabaseEngine.Sqlite ? Path.GetDirectoryName(Database.Value)! : Directory.GetCurrentDirectory(), "stocks-runs");
}
