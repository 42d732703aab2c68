using System.Data.Common;

namespace Fettle.Databases.Pools;

/// <summary>What an engine adds to a database: how leases are made and taken back.</summary>
internal interface IConnectionSource : IAsyncDisposable
{
    /// <summary>Reads use a reader, writes the writer; engines without the difference use one pool.</summary>
    ValueTask<Lease> OpenAsync(bool write, bool pooled, CancellationToken cancellation);

    IReadOnlyList<PoolStatistics> Statistics();

    /// <summary>Lets the gates report waits and uses.</summary>
    void Measure(PoolMeters meters);

    /// <summary>Closes idle connections, so that the next leases are new.</summary>
    ValueTask ClearAsync();
}

/// <summary>A connection in use and the way back to where it came from; <c>Return</c> is called once.</summary>
internal sealed class Lease(DbConnection connection, StatementCache? statements, Action<Lease, bool> giveBack)
{
    int _returned;

    public DbConnection Connection => connection;

    public StatementCache? Statements => statements;

    /// <summary>The gate's timestamp from which the lease is held.</summary>
    public long Since { get; init; }

    public void Return(bool broken)
    {
        if (Interlocked.Exchange(ref _returned, 1) == 0)
        {
            giveBack(this, broken);
        }
    }
}
