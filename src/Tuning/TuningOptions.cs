namespace Fettle.Tuning;

/// <summary>How far a run goes.</summary>
public enum TuningMode
{
    /// <summary>Measure the baseline only.</summary>
    Measure,

    /// <summary>Measure, then list the proposals; nothing is applied, not even to a copy.</summary>
    Advise,

    /// <summary>The whole loop.</summary>
    Tune,
}

/// <summary>What a person is asked before something is changed.</summary>
/// <param name="Id">The action.</param>
/// <param name="Title">The action in a line.</param>
/// <param name="Risk">Its risk.</param>
/// <param name="Where">What is changed: the user's database, a file, the running service.</param>
/// <param name="Statements">What runs.</param>
public sealed record TuningQuestion(string Id, string Title, string Risk, string Where, IReadOnlyList<string> Statements);

/// <summary>Settings of a run. Copied when the run starts.</summary>
public sealed record TuningOptions
{
    /// <summary>How far to go; default the whole loop.</summary>
    public TuningMode Mode { get; set; } = TuningMode.Tune;

    /// <summary>Short rounds, all advised indexes as one action, and a two-minute budget; default false.</summary>
    public bool Quick { get; set; }

    /// <summary>Seed of workload, order of sides and bootstrap; default 1.</summary>
    public int Seed { get; set; } = 1;

    /// <summary>Probability of keeping an action that does nothing; default 0.01; 0.0001–0.2.</summary>
    public double Alpha { get; set => field = Throw.InRange(value, 0.0001, 0.2, "alpha"); } = 0.01;

    /// <summary>Gain in per cent below which an action is not worth keeping; default 3; 0–50.</summary>
    public double LeastGainPercent { get; set => field = Throw.InRange(value, 0, 50, "least gain"); } = 3;

    /// <summary>Wall-clock budget of the run; default 40 min, 108 s when quick; 10 s–24 h. Actions that do not fit are listed as not tried.</summary>
    public TimeSpan? Budget { get; set => field = value is { } v ? Throw.InRange(v, TimeSpan.FromSeconds(10), TimeSpan.FromHours(24), "budget") : null; }

    /// <summary>Try and report only: the user's database and switches file stay as they are. Default false.</summary>
    public bool DryRun { get; set; }

    /// <summary>Highest risk that is applied without a question: <c>low</c> or <c>medium</c>; default medium. High-risk actions are never applied without being named in <see cref="Allow"/>.</summary>
    public string HighestRisk { get; set => field = value is "low" or "medium" ? value : throw new ArgumentOutOfRangeException(nameof(value), value, $"highest risk is '{value}'; it must be low or medium"); } = "medium";

    /// <summary>How far Fettle may go without a yes; default <see cref="Config.Trust.Auto"/>, because a run works on copies and can be taken back.</summary>
    public Config.Trust Trust { get; set; } = Config.Trust.Auto;

    /// <summary>Asks a person; null when there is none to ask, which counts as no.</summary>
    public Func<TuningQuestion, bool>? Ask { get; set; }

    /// <summary>The run ends here at the latest and takes everything back; default three times the budget and five minutes; 10 s–72 h.</summary>
    public TimeSpan? Deadline { get; set => field = value is { } v ? Throw.InRange(v, TimeSpan.FromSeconds(10), TimeSpan.FromHours(72), "deadline") : null; }

    /// <summary><see cref="Deadline"/>, or its default.</summary>
    public TimeSpan EffectiveDeadline => Deadline ?? 3 * EffectiveBudget + TimeSpan.FromMinutes(5);

    /// <summary>Requests per second at which latency is measured; default 60 % of the capacity found; 0.1–100,000. A verification takes its baseline's rate.</summary>
    public double? Rate { get; set => field = value is { } v ? Throw.InRange(v, 0.1, 100_000, "rate") : null; }

    /// <summary>Ids of actions that are allowed whatever their risk.</summary>
    public IReadOnlyList<string> Allow { get; set; } = [];

    /// <summary>Only actions whose id contains one of these words; empty means all.</summary>
    public IReadOnlyList<string> Only { get; set; } = [];

    /// <summary>Folder of runs, journals and scratch copies; default <c>.fettle</c>.</summary>
    public string StateFolder { get; set; } = ".fettle";

    /// <summary>Where the kept switches are written; default <c>STATE/switches/NAME.json</c>.</summary>
    public string? SwitchesFile { get; set; }

    /// <summary>The command as typed, for the report.</summary>
    public IReadOnlyList<string> Command { get; set; } = [];

    /// <summary>Longest do and undo together that is toggled round by round on a live instance.</summary>
    internal TimeSpan MostToggle { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long the target's rate is sustained at the end of a full run.</summary>
    internal TimeSpan SustainTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Round lengths of their own, for tests.</summary>
    internal Verification.Pace? Pace { get; set; }

    /// <summary><see cref="Budget"/>, or the default of the mode.</summary>
    public TimeSpan EffectiveBudget => Budget ?? (Quick ? TimeSpan.FromSeconds(108) : TimeSpan.FromMinutes(40));
}
