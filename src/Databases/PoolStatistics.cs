namespace Fettle.Databases;

/// <summary>What one pool did since the database was opened.</summary>
/// <param name="Name"><c>read</c> or <c>write</c>; PostgreSQL has one, <c>connections</c>.</param>
/// <param name="Limit">Leases allowed at once.</param>
/// <param name="InUse">Leases out now.</param>
/// <param name="Idle">Open connections that wait for work.</param>
/// <param name="Open">Physical connections open now.</param>
/// <param name="Waiting">Callers in line now.</param>
/// <param name="PeakInUse">Most leases out at once.</param>
/// <param name="Leases">Leases given.</param>
/// <param name="Timeouts">Callers that waited in vain.</param>
/// <param name="WaitMilliseconds">Total time callers waited.</param>
/// <param name="LongestWaitMilliseconds">Longest single wait that ended with a lease.</param>
/// <param name="HeldMilliseconds">Total time leases were held.</param>
/// <param name="OldestSeconds">Age of the oldest open connection.</param>
public sealed record PoolStatistics(
    string Name,
    int Limit,
    int InUse,
    int Idle,
    int Open,
    int Waiting,
    int PeakInUse,
    long Leases,
    long Timeouts,
    double WaitMilliseconds,
    double LongestWaitMilliseconds,
    double HeldMilliseconds,
    double OldestSeconds)
{
    /// <summary>Mean time a lease was held, in milliseconds; 0 before the first.</summary>
    public double MeanHeldMilliseconds => Leases == 0 ? 0 : HeldMilliseconds / Leases;

    /// <summary>Mean time a caller waited, in milliseconds; 0 before the first.</summary>
    public double MeanWaitMilliseconds => Leases == 0 ? 0 : WaitMilliseconds / Leases;
}
