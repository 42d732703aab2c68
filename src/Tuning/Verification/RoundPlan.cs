namespace Fettle.Tuning.Verification;

/// <summary>
/// When the loop looks at its rounds and how much error it spends at each look. The error α is spread over the rounds in proportion
/// (Lan and DeMets' spending with a straight line) and each look uses only its own share: by the union bound the error
/// of all looks together stays below α whatever their correlation, so stopping early is free of "peeking".
/// </summary>
internal sealed class RoundPlan
{
    /// <param name="firstLook">Rounds before the first look, 5–200: the studentised bootstrap has no finite bound at these levels with fewer.</param>
    /// <param name="maximum">Rounds after which the loop gives up, at least <paramref name="firstLook"/>.</param>
    /// <param name="step">Rounds between looks, at least 1.</param>
    /// <param name="alpha">Probability of keeping an action that does nothing, over all looks and metrics, in (0, 0.2].</param>
    public RoundPlan(int firstLook, int maximum, int step, double alpha)
    {
        FirstLook = Throw.InRange(firstLook, 5, 200, nameof(firstLook));
        Maximum = Throw.InRange(maximum, firstLook, 1000, nameof(maximum));
        Step = Throw.InRange(step, 1, 1000, nameof(step));
        Alpha = alpha is > 0 and <= 0.2 ? alpha : throw new ArgumentOutOfRangeException(nameof(alpha), alpha, "alpha must be above 0 and at most 0.2");
    }

    public int FirstLook { get; }

    public int Maximum { get; }

    public int Step { get; }

    public double Alpha { get; }

    /// <summary>Whether the loop judges after this many rounds.</summary>
    public bool IsLook(int rounds) =>
        rounds >= Maximum || (rounds >= FirstLook && (rounds - FirstLook) % Step == 0);

    /// <summary>The share of α that a look after this many rounds spends.</summary>
    public double AlphaAt(int rounds)
    {
        var before = 0;
        for (var r = FirstLook; r < rounds; r++)
        {
            before = IsLook(r) ? r : before;
        }

        return Alpha * (Math.Min(rounds, Maximum) - before) / Maximum;
    }
}
