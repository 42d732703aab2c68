using Fettle.Shared.Results;

namespace Fettle.LoadTesting.Reports;

/// <summary>How a candidate run relates to a baseline.</summary>
public enum ComparisonVerdict
{
    /// <summary>The candidate is faster, beyond the noise.</summary>
    Better,

    /// <summary>The candidate is slower, beyond the noise, or fails more often.</summary>
    Worse,

    /// <summary>No difference that the noise would not explain.</summary>
    NoDifference,

    /// <summary>The runs differ in what they did; they cannot be compared.</summary>
    Unlike,
}

/// <summary>
/// Compares two runs by the medians of their half seconds (Mann–Whitney on blocks: raw requests are not independent, so a test on them
/// calls identical runs different). A difference counts when the test rejects at 1 % and its size is beyond the runs' own noise and beyond
/// what a machine drifts between two runs, which no single pair of runs can show (<c>load-aa</c> measures it on identical runs).
/// </summary>
public sealed record RunComparison
{
    /// <summary>The change in percent that two runs of the same service may show by the machine's drift alone.</summary>
    public const double DefaultNoiseThreshold = 5;

    const double Level = 0.01;

    /// <summary>The verdict.</summary>
    public required ComparisonVerdict Verdict { get; init; }

    /// <summary>The verdict in a sentence.</summary>
    public required string Reason { get; init; }

    /// <summary>Change of the median latency in percent: below zero is faster.</summary>
    public double ChangePercent { get; init; } = double.NaN;

    /// <summary>The 95 % interval of the change in percent (Hodges–Lehmann shift of the logarithms, bootstrapped over runs of neighbouring blocks).</summary>
    public (double Low, double High) Interval { get; init; } = (double.NaN, double.NaN);

    /// <summary>The larger of both runs' own noise in percent.</summary>
    public double NoisePercent { get; init; } = double.NaN;

    /// <summary>Compares two saved reports; a change of the median below <paramref name="noiseThreshold"/> percent (0 or more) does not count.</summary>
    public static RunComparison Of(LoadReport baseline, LoadReport candidate, double noiseThreshold = DefaultNoiseThreshold)
    {
        var (a, b) = (baseline.Document, candidate.Document);
        if (a.Data["model"]!.ToJsonString() is var shapeA && b.Data["model"]!.ToJsonString() is var shapeB && shapeA != shapeB)
        {
            return new RunComparison { Verdict = ComparisonVerdict.Unlike, Reason = $"the runs did not do the same: {shapeA} against {shapeB}" };
        }

        if (a.Machine.Processor != b.Machine.Processor || a.Machine.Cores != b.Machine.Cores)
        {
            return new RunComparison { Verdict = ComparisonVerdict.Unlike, Reason = $"the runs were made on different machines: {a.Machine.Processor} ({a.Machine.Cores}) against {b.Machine.Processor} ({b.Machine.Cores})" };
        }

        var limited = new[] { (a, "baseline"), (b, "candidate") }.Where(d => (bool)d.Item1.Data["overall"]!["generatorLimited"]!).Select(d => d.Item2).ToArray();
        if (limited.Length > 0)
        {
            return new RunComparison { Verdict = ComparisonVerdict.Unlike, Reason = $"the generator was the limit in the {string.Join(" and the ", limited)}" };
        }

        return Judge(Medians(a), Medians(b), Rate(a), Rate(b), [a.Noise["blockNoise"] is { } na ? (double)na : 0, b.Noise["blockNoise"] is { } nb ? (double)nb : 0], noiseThreshold);
    }

    internal static RunComparison Judge(double[] a, double[] b, (long Failed, long All) errorsA, (long Failed, long All) errorsB, double[] noise, double noiseThreshold)
    {
        if (a.Length < 8 || b.Length < 8)
        {
            return new RunComparison { Verdict = ComparisonVerdict.Unlike, Reason = $"too short to compare: {a.Length} and {b.Length} half seconds with answers; at least 8 are needed" };
        }

        var pa = (errorsA.Failed + 0.5) / (errorsA.All + 1);
        var pb = (errorsB.Failed + 0.5) / (errorsB.All + 1);
        var z = (pb - pa) / Math.Sqrt(pa * (1 - pa) / errorsA.All + pb * (1 - pb) / errorsB.All);
        if (z > 3 && pb - pa > 0.0005)
        {
            return new RunComparison { Verdict = ComparisonVerdict.Worse, Reason = $"errors rose from {100 * pa:0.###} % to {100 * pb:0.###} %" };
        }

        var (shift, low, high) = BlockStatistics.Shift(a, b);
        var p = BlockStatistics.MannWhitney(a, b);
        var floor = Math.Max(noiseThreshold, noise.Max() / Math.Sqrt(Math.Min(a.Length, b.Length)) * 2);
        var differs = p < Level && Math.Abs(shift) > floor && Math.Sign(low) == Math.Sign(high);
        var verdict = !differs ? ComparisonVerdict.NoDifference : shift < 0 ? ComparisonVerdict.Better : ComparisonVerdict.Worse;
        return new RunComparison
        {
            Verdict = verdict,
            ChangePercent = shift,
            Interval = (low, high),
            NoisePercent = noise.Max(),
            Reason = string.Create(System.Globalization.CultureInfo.InvariantCulture,
                $"median latency {shift:+0.0;-0.0;0.0} % [{low:+0.0;-0.0;0.0}, {high:+0.0;-0.0;0.0}], p = {p:0.####}, noise floor {floor:0.0} %"),
        };
    }

    static double[] Medians(ResultDocument document) => [.. document.Data["blocks"]!.AsArray().Select(b => (double?)b![3]).OfType<double>()];

    static (long, long) Rate(ResultDocument document) => ((long)document.Data["overall"]!["failed"]!, (long)document.Data["overall"]!["requests"]!);
}
