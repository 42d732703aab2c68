using Fettle.LoadTesting.Engine.Native;

namespace Fettle.LoadTesting.Engine.Loop;

/// <summary>
/// One thread that starts requests when they are due and reads answers when they come.
/// <list type="number">
/// <item>Start what is due: arrivals of open models at their intended time, users whose pause is over.</item>
/// <item>A request takes a connection with room, else it waits and a new connection is opened while the pool allows.</item>
/// <item>Wait in the kernel until the next due moment or until a socket is ready.</item>
/// <item>Read, parse, record, give the connection to the longest waiting request.</item>
/// </list>
/// Invariant: every started request ends in exactly one call of its recorder, at the latest at its deadline.
/// Nothing on the path of a plain request allocates.
/// </summary>
sealed partial class EngineLoop(IReadOnlyList<Workload> workloads, long publishEvery, Action<ILoadLoop, long>? publish) : LoopSchedule(workloads), ILoadLoop
{
    const long MaxWait = 50_000_000;

    readonly Poller _poller = new();
    readonly ConnectionPool[] _pools = [.. workloads.Select(w => w.Pool).Distinct()];
    readonly long _longestTimeout = workloads.Max(w => w.Timeout);
    long _nextScan;
    long _nextPublish;
    volatile bool _stop;

    public long ConnectionsOpened { get; private set; }

    public int InFlight { get; set; }

    public int Waiting => _pools.Sum(p => p.Waiting.Count);

    public int Connections => _pools.Sum(p => p.Total);

    /// <summary>What the kernel says of this thread, from just before the first request to just after the last.</summary>
    public ThreadTimes Times { get; private set; }

    /// <summary>Ends the run at once; what is under way is not counted.</summary>
    public void Stop() => _stop = true;

    /// <summary>Runs until every workload is over; returns the moment.</summary>
    public long Run()
    {
        Poller.SharpenTimers();
        Prepare();
        var scanEvery = Math.Clamp(Workloads.Min(w => w.Timeout) / 50, 1_000_000, 100_000_000);
        var before = ThreadTimes.OfThisThread();
        var now = MonotonicClock.Nanoseconds;
        (_nextScan, _nextPublish) = (now + scanEvery, now + publishEvery);
        while (!_stop)
        {
            var due = StartDue(now);
            if (now >= _nextScan)
            {
                Scan(now);
                _nextScan = now + scanEvery;
            }

            if (now >= _nextPublish)
            {
                publish?.Invoke(this, now);
                _nextPublish = now + publishEvery;
            }

            if (AllOver(now))
            {
                break;
            }

            WriteDirty();
            now = MonotonicClock.Nanoseconds;
            var ready = _poller.Wait(Math.Min(Math.Min(due, Math.Min(_nextScan, _nextPublish)) - now, MaxWait));
            for (var i = 0; i < ready; i++)
            {
                var (events, token) = _poller[i];
                Handle(events, token);
            }

            now = MonotonicClock.Nanoseconds;
        }

        Times = ThreadTimes.OfThisThread() - before;
        publish?.Invoke(this, now);
        return now;
    }

    public void Dispose()
    {
        foreach (var connection in _connections.ToArray())
        {
            if (connection is not null)
            {
                Close(connection);
            }
        }

        _poller.Dispose();
        FreeBuffer();
    }

    /// <summary>Ends what is beyond its deadline. Runs a few dozen times per timeout, so a timeout is at most 2 % (100 ms) late.</summary>
    void Scan(long now)
    {
        foreach (var pool in _pools)
        {
            while (pool.Waiting.TryPeek(out var waiting) && waiting.Deadline < now)
            {
                pool.Waiting.Dequeue();
                End(waiting, now, pool.HasConnected ? "not sent" : "connect timeout", pool.HasConnected ? "no connection was free within the timeout" : "no connection within the timeout", waited: true, sent: false);
            }
        }

        // By index: ending a request may open a connection, which adds a slot.
        for (var slot = 0; slot < _connections.Count; slot++)
        {
            var connection = _connections[slot];
            if (connection is { State: ConnectionState.Open })
            {
                connection.Expire(now, this);
            }
            else if (connection is not null && now - connection.Opened > _longestTimeout)
            {
                Close(connection);
                Refill(connection.Pool);
            }
        }

        foreach (var workload in Workloads)
        {
            workload.Recorder.Advance(now);
        }
    }
}
