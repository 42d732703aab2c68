using System.Diagnostics;

namespace Fettle.Databases.Pools;

/// <summary>
/// Bounds how many leases are out at once and counts what a person needs to size the bound: in use, waiting,
/// wait time, service time, timeouts. Waiters are served in order of arrival.
/// </summary>
internal sealed class LeaseGate(string name, int limit, TimeSpan timeout) : IDisposable
{
    readonly SemaphoreSlim _permits = new(limit, limit);
    readonly KeyValuePair<string, object?> _tag = PoolMeters.Tag(name);
    int _waiting;
    long _leases;
    long _timeouts;
    long _waitTicks;
    long _heldTicks;
    int _peak;
    long _longestWaitTicks;

    public string Name => name;

    /// <summary>Where waits and uses are measured; set before the first lease.</summary>
    public PoolMeters? Meters { get; set; }

    public int Limit => limit;

    public int InUse => limit - _permits.CurrentCount;

    /// <summary>Takes a permit; returns the timestamp from which it is held.</summary>
    /// <exception cref="PoolExhaustedException">None became free in time.</exception>
    public async ValueTask<long> EnterAsync(CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        if (!_permits.Wait(0, CancellationToken.None))
        {
            Interlocked.Increment(ref _waiting);
            try
            {
                if (!await _permits.WaitAsync(timeout, cancellation).ConfigureAwait(false))
                {
                    Interlocked.Increment(ref _timeouts);
                    throw new PoolExhaustedException(name, limit, Stopwatch.GetElapsedTime(start), RetryAfter());
                }
            }
            finally
            {
                Interlocked.Decrement(ref _waiting);
            }
        }

        var now = Stopwatch.GetTimestamp();
        Interlocked.Add(ref _waitTicks, now - start);
        Raise(ref _longestWaitTicks, now - start);
        Interlocked.Increment(ref _leases);
        if (Meters is { Wait.Enabled: true } meters)
        {
            meters.Wait.Record((double)(now - start) / Stopwatch.Frequency, _tag);
        }

        var used = InUse;
        if (used > _peak)
        {
            _peak = used; // A lost race loses one sample of a gauge.
        }

        return now;
    }

    public void Exit(long since)
    {
        var held = Stopwatch.GetTimestamp() - since;
        Interlocked.Add(ref _heldTicks, held);
        if (Meters is { Use.Enabled: true } meters)
        {
            meters.Use.Record((double)held / Stopwatch.Frequency, _tag);
        }

        _permits.Release();
    }

    public PoolStatistics Statistics(int open, int idle, TimeSpan oldest) => new(
        name, limit, InUse, idle, open, Volatile.Read(ref _waiting), _peak, Interlocked.Read(ref _leases), Interlocked.Read(ref _timeouts),
        Milliseconds(_waitTicks), Milliseconds(_longestWaitTicks), Milliseconds(_heldTicks), oldest.TotalSeconds);

    public void Dispose() => _permits.Dispose();

    /// <summary>Those in line, times the mean service time, shared by the connections; at least a second as the header has no finer unit.</summary>
    TimeSpan RetryAfter()
    {
        var leases = Math.Max(1, Interlocked.Read(ref _leases));
        var mean = Milliseconds(_heldTicks) / leases;
        return TimeSpan.FromSeconds(Math.Clamp(Math.Ceiling(mean * (_waiting + 1) / limit / 1000), 1, 60));
    }

    static double Milliseconds(long ticks) => ticks * 1000.0 / Stopwatch.Frequency;

    static void Raise(ref long target, long value)
    {
        for (var seen = Interlocked.Read(ref target); value > seen;)
        {
            var before = Interlocked.CompareExchange(ref target, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }
}
