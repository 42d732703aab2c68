namespace Fettle.Databases;

/// <summary>How many connections a measured load needs.</summary>
/// <param name="Connections">Recommended limit.</param>
/// <param name="Busy">Mean connections in use, by Little's law.</param>
/// <param name="Why">The reasoning in a sentence.</param>
public sealed record PoolAdvice(int Connections, double Busy, string Why)
{
    /// <summary>
    /// Little's law: mean in use = arrivals × time held. The limit covers the 99.9th percentile of a Poisson number in use, and never
    /// goes beyond what the database can serve at once, past which more connections only lengthen each other's time.
    /// </summary>
    /// <param name="leasesPerSecond">Measured leases a second at peak. 0–1e6.</param>
    /// <param name="heldMilliseconds">Measured mean time a lease is held without waiting. 0–1e6.</param>
    /// <param name="databaseCores">Cores of the database server; SQLite: of this process. 1–1,024.</param>
    public static PoolAdvice FromLoad(double leasesPerSecond, double heldMilliseconds, int databaseCores)
    {
        Throw.IfOutside(leasesPerSecond, 0, 1e6);
        Throw.IfOutside(heldMilliseconds, 0, 1e6);
        Throw.IfOutside(databaseCores, 1, 1024);
        var busy = leasesPerSecond * heldMilliseconds / 1000;
        var needed = Math.Max(2, (int)Math.Ceiling(busy + 3.1 * Math.Sqrt(busy)));
        var useful = databaseCores * 4;
        var connections = Math.Min(needed, useful);
        return new PoolAdvice(connections, busy, FormattableString.Invariant(
            $"{leasesPerSecond:0.#} leases/s × {heldMilliseconds:0.###} ms = {busy:0.##} in use on average; {needed} cover 99.9 % of moments")
            + (needed > useful ? FormattableString.Invariant($", but {databaseCores} cores serve no more than about {useful} at once: shorten the statements or add cores") : ""));
    }

    /// <summary>The best of a measured curve: the fewest connections within 3 % of the highest throughput.</summary>
    /// <param name="curve">Connections, throughput per second and mean latency in ms of each measured point.</param>
    public static PoolAdvice FromCurve(IReadOnlyList<(int Connections, double PerSecond, double Milliseconds)> curve)
    {
        ArgumentNullException.ThrowIfNull(curve);
        if (curve.Count == 0)
        {
            throw new ArgumentException("the curve has no point; measure at least one pool size", nameof(curve));
        }

        var top = curve.Max(p => p.PerSecond);
        var best = curve.Where(p => p.PerSecond >= 0.97 * top).MinBy(p => p.Connections);
        return new PoolAdvice(best.Connections, best.PerSecond * best.Milliseconds / 1000, FormattableString.Invariant(
            $"{best.Connections} connections reach {best.PerSecond:0}/s at {best.Milliseconds:0.##} ms; the highest of {curve.Count} sizes is {top:0}/s"));
    }
}
