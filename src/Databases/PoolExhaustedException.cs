namespace Fettle.Databases;

/// <summary>No connection became free in time. A web service answers it with 503 and <c>Retry-After</c>.</summary>
/// <param name="pool">Which pool: <c>read</c> or <c>write</c>.</param>
/// <param name="limit">How many connections the pool allows at once.</param>
/// <param name="waited">How long the caller waited.</param>
/// <param name="retryAfter">When trying again is worth it.</param>
public sealed class PoolExhaustedException(string pool, int limit, TimeSpan waited, TimeSpan retryAfter)
    : Exception($"no {pool} connection became free within {waited.TotalMilliseconds:0} ms (limit {limit}); retry after {retryAfter.TotalSeconds:0} s, or raise the limit if the database has room")
{
    /// <summary>Which pool: <c>read</c> or <c>write</c>.</summary>
    public string Pool { get; } = pool;

    /// <summary>How many connections the pool allows at once.</summary>
    public int Limit { get; } = limit;

    /// <summary>How long the caller waited.</summary>
    public TimeSpan Waited { get; } = waited;

    /// <summary>When trying again is worth it: the value of the <c>Retry-After</c> header, at least one second.</summary>
    public TimeSpan RetryAfter { get; } = retryAfter;
}
