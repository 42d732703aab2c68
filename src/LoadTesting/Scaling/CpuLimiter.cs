using System.Collections.Concurrent;
using Fettle.LoadTesting.Engine.Native;

namespace Fettle.LoadTesting.Scaling;

/// <summary>
/// Holds instances to a share of a core, as cpulimit does: each has a bucket that fills with its share of the time and empties with the
/// processor time it used; an instance in debt is stopped (SIGSTOP) until the debt is paid. A late look only makes the debt, and the pause,
/// longer, so the mean holds on a busy machine too. Needs no rights beyond those over its own children, unlike a control group.
/// </summary>
sealed class CpuLimiter : IAsyncDisposable
{
    const double BurstSeconds = 0.1;
    static readonly TimeSpan Every = TimeSpan.FromMilliseconds(10);

    readonly ConcurrentDictionary<int, Bucket> _buckets = new();
    readonly CancellationTokenSource _stop = new();
    readonly TimeProvider _time;
    readonly double _cores;
    readonly Task _running;

    public CpuLimiter(double cores, TimeProvider time)
    {
        (_cores, _time) = (cores, time);
        _running = Task.Run(RunAsync);
    }

    public void Add(int processId, ProcessGroupClock clock) => _buckets[processId] = new Bucket(clock, clock.Seconds(), _time.GetTimestamp());

    /// <summary>Lets the process run without a limit from now on; call before it is asked to end.</summary>
    public void Remove(int processId)
    {
        if (_buckets.TryRemove(processId, out var bucket))
        {
            lock (bucket)
            {
                bucket.Released = true;
                bucket.Continue();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        foreach (var pid in _buckets.Keys)
        {
            Remove(pid);
        }

        _stop.Dispose();
    }

    async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Every, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                foreach (var bucket in _buckets.Values)
                {
                    lock (bucket)
                    {
                        bucket.Look(_time, _cores);
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    sealed class Bucket(ProcessGroupClock clock, double used, long at)
    {
        double _credit;
        double _used = used;
        long _at = at;
        bool _stopped;

        public bool Released { get; set; }

        public void Look(TimeProvider time, double cores)
        {
            if (Released)
            {
                return;
            }

            var (now, used) = (time.GetTimestamp(), clock.Seconds());
            _credit = Math.Min(BurstSeconds * cores, _credit + time.GetElapsedTime(_at, now).TotalSeconds * cores - Math.Max(0, used - _used));
            (_at, _used) = (now, used);
            if (_credit < 0 && !_stopped)
            {
                clock.Signal(Libc.SigStop);
                _stopped = true;
            }
            else if (_credit >= 0)
            {
                Continue();
            }
        }

        public void Continue()
        {
            if (_stopped)
            {
                clock.Signal(Libc.SigCont);
                _stopped = false;
            }
        }
    }
}
