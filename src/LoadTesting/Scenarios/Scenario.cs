namespace Fettle.LoadTesting.Scenarios;

/// <summary>A scenario file: what is loaded, by which scenarios, and what must hold.</summary>
public sealed record ScenarioFile
{
    /// <summary>The name of the file's run.</summary>
    public required string Name { get; init; }

    /// <summary>Base URL; null when the command line must give it.</summary>
    public Uri? Target { get; init; }

    /// <summary>The scenarios in the order of the file.</summary>
    public required IReadOnlyList<Scenario> Scenarios { get; init; }

    /// <summary>What must hold at the end.</summary>
    public IReadOnlyList<Thresholds.Threshold> Thresholds { get; init; } = [];

    /// <summary>Factors of the short form.</summary>
    public ShortForm Short { get; init; } = new(0.02, 0.1);

    internal IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    internal IReadOnlyDictionary<string, Feed> Feeds { get; init; } = new Dictionary<string, Feed>();

    internal IReadOnlyList<Step> Setup { get; init; } = [];

    internal IReadOnlyList<Step> Teardown { get; init; } = [];

    /// <summary>The YAML that was read, and the files it names, for generators on other machines.</summary>
    internal string Text { get; init; } = "";

    internal IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>();

    internal bool IsShort { get; init; }

    /// <summary>The file as its short form: durations and levels scaled down, for tests, and with them the thresholds on the number and the rate of requests.</summary>
    public ScenarioFile Shortened() => this with
    {
        Scenarios = [.. Scenarios.Select(s => s.Scaled(Short))],
        Thresholds = [.. Thresholds.Select(t => t is { Metric: "http_reqs", Relative: false } ? t with { Value = t.Value * Short.Load * (t.Aggregate == "count" ? Short.Time : 1) } : t)],
        Short = new ShortForm(1, 1),
        IsShort = true,
    };

    /// <summary>The file for one of several generators: feeds in turn interleave, random ones have seeds of their own.</summary>
    internal ScenarioFile ForShare(int share, int shares) => this with { Feeds = Feeds.ToDictionary(f => f.Key, f => f.Value.ForShare(share, shares)) };
}

/// <summary>What the short form multiplies with.</summary>
/// <param name="Time">Factor of every duration; at least half a second is left.</param>
/// <param name="Load">Factor of rates and users; at least one user is left.</param>
public sealed record ShortForm(double Time, double Load);

/// <summary>One scenario: a load model over time and the requests it sends.</summary>
public sealed record Scenario
{
    /// <summary>Its name in reports and thresholds.</summary>
    public required string Name { get; init; }

    /// <summary>Arrivals or users.</summary>
    public required LoadModel Model { get; init; }

    /// <summary>Seconds after the beginning of the run.</summary>
    public TimeSpan StartAfter { get; init; }

    /// <summary>Load before counting.</summary>
    public TimeSpan WarmUp { get; init; }

    /// <summary>Counted time.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Timeout of a request.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Most connections of the scenario.</summary>
    public int MaxConnections { get; init; } = 1024;

    /// <summary>Seed of weights and think times.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Keeps cookies per user.</summary>
    public bool Cookies { get; init; }

    /// <summary>The scenario after which this one starts; null for the beginning of the run.</summary>
    internal string? After { get; init; }

    /// <summary>The requests of a replay; null otherwise.</summary>
    internal IReadOnlyList<LoadRequest>? Recorded { get; init; }

    internal IReadOnlyList<ScenarioEntry> Entries { get; init; } = [];

    internal ScenarioEntry Pick(Random random)
    {
        if (Entries.Count == 1)
        {
            return Entries[0];
        }

        var at = random.NextDouble() * Entries.Sum(e => e.Weight);
        foreach (var entry in Entries)
        {
            if ((at -= entry.Weight) < 0)
            {
                return entry;
            }
        }

        return Entries[^1];
    }

    internal Scenario Scaled(ShortForm form)
    {
        TimeSpan Time(TimeSpan t) => t == TimeSpan.Zero || t == TimeSpan.MaxValue ? t : TimeSpan.FromSeconds(Math.Max(0.5, t.TotalSeconds * form.Time));
        Stage Scale(Stage s, double least)
        {
            double Level(double l) => l == 0 ? 0 : Math.Max(least, l * form.Load);
            return s.From == s.To ? Stage.Hold(Level(s.From), Time(s.Duration)) : Stage.Ramp(Level(s.From), Level(s.To), Time(s.Duration));
        }

        LoadModel model = Model switch
        {
            ArrivalModel open => open with { Stages = [.. open.Stages.Select(s => Scale(s, 1))] },
            UserModel users => users with { Stages = [.. users.Stages.Select(s => Scale(s, 1))] },
            // A replay is cut, not compressed: its timing is what it is for.
            ReplayModel replay => new ReplayModel([.. replay.Seconds.TakeWhile(s => s < Time(Duration).TotalSeconds)]),
            _ => Model,
        };
        var stages = model switch { ArrivalModel open => open.Stages, UserModel users => users.Stages, _ => [] };
        var whole = stages.Count > 0 && stages.All(s => s.Duration < TimeSpan.MaxValue) ? stages.Aggregate(TimeSpan.Zero, (sum, s) => sum + s.Duration) - Time(WarmUp) : Time(Duration);
        return this with { Model = model, StartAfter = StartAfter == TimeSpan.Zero ? StartAfter : Time(StartAfter), WarmUp = Time(WarmUp), Duration = whole > TimeSpan.FromSeconds(0.5) ? whole : Time(Duration) };
    }
}

/// <summary>An entry that the scenario picks by weight: one request, or several in order.</summary>
sealed record ScenarioEntry(double Weight, IReadOnlyList<Step> Steps);
