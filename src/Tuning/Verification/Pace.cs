namespace Fettle.Tuning.Verification;

/// <summary>How long rounds are and how many there may be: quick for a look, full for a report.</summary>
/// <param name="FirstLook">Rounds before the first verdict.</param>
/// <param name="MostRounds">Rounds after which the loop gives up.</param>
/// <param name="LookStep">Rounds between verdicts.</param>
/// <param name="CalibrationRounds">Most rounds of an A/A run; a slow service gets four at least and as many as its share of the time holds.</param>
/// <param name="RequestsPerRound">Requests that the open load of a round aims at.</param>
/// <param name="LeastOpen">Shortest open load.</param>
/// <param name="MostOpen">Longest open load.</param>
/// <param name="Closed">Length of the closed load.</param>
/// <param name="WarmUp">Load before the first round, on both sides alike.</param>
/// <param name="CapacityStep">Length of the step that finds the baseline's capacity.</param>
/// <param name="TotalFactor">How much longer the open load of the final comparison is: its table is the one that people quote.</param>
internal sealed record Pace(
    int FirstLook, int MostRounds, int LookStep, int CalibrationRounds, int RequestsPerRound,
    TimeSpan LeastOpen, TimeSpan MostOpen, TimeSpan Closed, TimeSpan WarmUp, TimeSpan CapacityStep, double TotalFactor = 1)
{
    /// <summary>Latencies are compared at this share of the reference's capacity, where queues neither vanish nor rule.</summary>
    public const double LoadShare = 0.6;

    /// <summary>Above this rate the generator competes with the service for two cores.</summary>
    public const double MostRate = 2000;

    public static readonly Pace Quick = new(5, 13, 4, 6, 10, TimeSpan.FromSeconds(0.15), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(0.15), TimeSpan.FromSeconds(0.3), TimeSpan.FromSeconds(2));

    public static readonly Pace Full = new(6, 24, 3, 12, 60, TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(15), 2);

    public RoundPlan Plan(double alpha) => new(FirstLook, MostRounds, LookStep, alpha);

    /// <summary>The load of a round against a reference of this capacity (requests per second).</summary>
    public RoundShape Shape(double capacity, int users)
    {
        var rate = Math.Clamp(capacity * LoadShare, 0.2, MostRate);
        var open = TimeSpan.FromSeconds(Math.Clamp(RequestsPerRound / rate, LeastOpen.TotalSeconds, MostOpen.TotalSeconds));

        // A closed load must see more than one request of each user, or Little's law sees only its two ends.
        var closed = TimeSpan.FromSeconds(Math.Clamp(2 * users / Math.Max(capacity, 0.1), Closed.TotalSeconds, MostOpen.TotalSeconds));
        return new RoundShape(rate, open, users, closed);
    }
}
