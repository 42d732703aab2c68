namespace Fettle.Caching.Memory;

/// <summary>
/// Milliseconds since the process began, never backwards, never stopped by a change of the wall clock.
/// <see cref="Coarse"/> is a field that one background thread of the process raises about every 8 ms, because asking the system
/// costs more than half a dictionary lookup; <see cref="Exact"/> asks. A coarse reading is never ahead of the exact one,
/// so a value may live up to one tick longer than its time to live, and longer only when the whole process is stopped.
/// </summary>
internal sealed class MonotonicClock
{
    const int TickMilliseconds = 8;
    static readonly Lock Starting = new();
    static long _coarse;
    static Thread? _ticker;

    readonly TimeProvider _time;
    readonly bool _isSystem;
    readonly long _origin;

    public MonotonicClock(TimeProvider time)
    {
        _time = time;
        _isSystem = ReferenceEquals(time, TimeProvider.System);
        _origin = _isSystem ? 0 : time.GetTimestamp();
        if (_isSystem)
        {
            StartTicker();
        }
    }

    public long Coarse => _isSystem ? Volatile.Read(ref _coarse) : Exact;

    public long Exact
    {
        get
        {
            if (_isSystem)
            {
                return SystemNow();
            }

            var ticks = (Int128)(_time.GetTimestamp() - _origin) * 1000 / _time.TimestampFrequency;
            return (long)ticks;
        }
    }

#pragma warning disable RS0030 // The one clock of the library reads the system's monotonic tick.
    static long SystemNow() => Environment.TickCount64;
#pragma warning restore RS0030

    static void StartTicker()
    {
        lock (Starting)
        {
            if (_ticker is not null)
            {
                return;
            }

            Volatile.Write(ref _coarse, SystemNow());
            _ticker = new Thread(static () =>
            {
                using var never = new ManualResetEventSlim();
                while (true)
                {
                    never.WaitHandle.WaitOne(TickMilliseconds);
                    Volatile.Write(ref _coarse, SystemNow());
                }
            })
            {
                IsBackground = true,
                Name = "fettle clock",
            };
            _ticker.Start();
        }
    }
}
