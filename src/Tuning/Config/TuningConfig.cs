using Fettle.Databases;
using Fettle.LoadTesting.Scenarios;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning.Config;

/// <summary>How far Fettle may go with a service that is not its own.</summary>
public enum Trust
{
    /// <summary>Load it and record answers; change nothing and propose nothing. The default for a stranger's service.</summary>
    Observe,

    /// <summary>Also read the database and list proposals.</summary>
    Advise,

    /// <summary>Also change things, each after a yes.</summary>
    Apply,

    /// <summary>Change things of low and medium risk without a question; of high risk after a yes.</summary>
    Auto,
}

/// <summary>What <c>fettle.yaml</c> says, checked as a whole.</summary>
internal sealed record TuningConfig
{
    public required string Name { get; init; }

    /// <summary>Where the file lies: relative paths in it begin there.</summary>
    public required string Folder { get; init; }

    public Uri? Url { get; init; }

    public string? Token { get; init; }

    public Launch? Start { get; init; }

    public IReadOnlyList<LaunchSetting> Settings { get; init; } = [];

    public DatabaseAddress? Database { get; init; }

    /// <summary>File of statements that run on the database, for a service that records none.</summary>
    public string? Statements { get; init; }

    /// <summary>The requests; taken from the scenario file or written in place.</summary>
    public required ScenarioFile Scenario { get; init; }

    public AnswerSettings Answers { get; init; } = new();

    public Trust Trust { get; init; }

    public TimeSpan? Budget { get; init; }

    public string? Risk { get; init; }

    /// <summary>A path that no action touches: what it gains or loses is the machine's doing. Used where nothing can be copied.</summary>
    public string? Control { get; init; }

    /// <summary>Whether requests that change data may be sent to a service that Fettle did not start.</summary>
    public bool AllowWrites { get; init; }

    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    public IReadOnlyList<VerifyThreshold> Thresholds { get; init; } = [];
}

/// <summary>Which answers are the gate.</summary>
internal sealed record AnswerSettings
{
    public int Samples { get; init; } = 24;

    public IReadOnlyList<string> Encodings { get; init; } = ["identity", "gzip", "br"];

    /// <summary>Recorded traffic: an access log or an HTTP archive.</summary>
    public string? Traffic { get; init; }

    /// <summary>Names of requests that change nothing although their method says so.</summary>
    public IReadOnlyList<string> Reads { get; init; } = [];

    /// <summary>JSON pointers with <c>*</c> for indices, known to differ.</summary>
    public IReadOnlyList<string> Ignore { get; init; } = [];
}
