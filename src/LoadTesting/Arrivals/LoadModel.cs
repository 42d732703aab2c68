namespace Fettle.LoadTesting;

/// <summary>How load comes: at a rate that does not ask whether the service keeps up (open), or by users who wait for answers (closed).</summary>
public abstract record LoadModel
{
    private protected LoadModel()
    {
    }

    /// <summary>Open model: a constant rate in requests per second, evenly spaced.</summary>
    public static ArrivalModel Rate(double requestsPerSecond) => new([Stage.Hold(requestsPerSecond, TimeSpan.MaxValue)]);

    /// <summary>Open model: independent arrivals (a Poisson process) at a mean rate in requests per second.</summary>
    public static ArrivalModel PoissonRate(double requestsPerSecond) =>
        new([Stage.Hold(requestsPerSecond, TimeSpan.MaxValue)]) { Spacing = ArrivalSpacing.Poisson };

    /// <summary>Closed model: a fixed number of users, each waiting for its answer and then for its think time.</summary>
    public static UserModel Users(int users, TimeSpan think = default) =>
        new([Stage.Hold(users, TimeSpan.MaxValue)]) { ThinkMin = think, ThinkMax = think };
}

/// <summary>Open model: arrivals at recorded times.</summary>
/// <param name="Seconds">When each request begins, in seconds after the start, ascending.</param>
public sealed record ReplayModel(IReadOnlyList<double> Seconds) : LoadModel;

/// <summary>How arrivals are spaced.</summary>
public enum ArrivalSpacing
{
    /// <summary>Evenly, at the reciprocal of the rate.</summary>
    Even,

    /// <summary>Independently: exponential gaps, as many unrelated clients produce.</summary>
    Poisson,
}

/// <summary>Open model: arrivals follow a profile of rates over time.</summary>
/// <param name="Stages">The rates in requests per second over time, at least one.</param>
public sealed record ArrivalModel(IReadOnlyList<Stage> Stages) : LoadModel
{
    /// <summary>Even (default) or Poisson.</summary>
    public ArrivalSpacing Spacing { get; init; }

    /// <summary>Seed of the random gaps; default 1.</summary>
    public int Seed { get; init; } = 1;
}

/// <summary>Closed model: a number of users over time.</summary>
/// <param name="Stages">The number of users over time, at least one.</param>
public sealed record UserModel(IReadOnlyList<Stage> Stages) : LoadModel
{
    /// <summary>Shortest think time between an answer and the user's next request; default none.</summary>
    public TimeSpan ThinkMin { get; init; }

    /// <summary>Longest think time; the time is drawn evenly between both.</summary>
    public TimeSpan ThinkMax { get; init; }

    /// <summary>Stop after this many requests altogether; null for no limit.</summary>
    public long? Requests { get; init; }

    /// <summary>Seed of the think times; default 1.</summary>
    public int Seed { get; init; } = 1;
}

/// <summary>A piece of a load profile: from one level to another, linearly, over a duration. Levels are requests per second or users.</summary>
public readonly record struct Stage
{
    Stage(double from, double to, TimeSpan duration)
    {
        From = Throw.InRange(from, 0, 10_000_000, "stage level");
        To = Throw.InRange(to, 0, 10_000_000, "stage level");
        Duration = duration > TimeSpan.Zero ? duration : throw new ArgumentOutOfRangeException(nameof(duration), duration, $"stage duration is {duration}; it is above 0");
    }

    /// <summary>Level at the beginning.</summary>
    public double From { get; }

    /// <summary>Level at the end.</summary>
    public double To { get; }

    /// <summary>How long the stage lasts.</summary>
    public TimeSpan Duration { get; }

    /// <summary>One level for the whole duration.</summary>
    public static Stage Hold(double level, TimeSpan duration) => new(level, level, duration);

    /// <summary>A straight line between two levels.</summary>
    public static Stage Ramp(double from, double to, TimeSpan duration) => new(from, to, duration);
}
