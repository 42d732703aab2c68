namespace Fettle.Caching.Loading;

/// <summary>
/// Estimates how often values change from whether they differ when they are loaded again, and the time to live that follows.
/// With n reloads after a mean time t, X of them changed, the rate is −ln((n − X + ½) / (n + ½)) / t (Cho and Garcia-Molina,
/// "Estimating frequency of change", ACM TOIT 2003): it stays finite when all changed and allows for changes that were not seen.
/// With rate λ a value that lives T is out of date for the share 1 − (1 − e^(−λT)) / (λT) of its life.
/// </summary>
internal sealed class TimeToLiveTuner(AutoTimeToLive options, TimeSpan initial)
{
    const int Slots = 1024;
    const int Every = 16;
    const int Window = 256;
    readonly Lock _gate = new();
    readonly Slot[] _slots = new Slot[Slots];
    double _reloads;
    double _changed;
    double _milliseconds;
    int _sinceEstimate;
    TimeSpan _current = Clamp(initial, options);

    public bool IsOn => options.IsOn?.Invoke() ?? true;

    public TimeSpan Current
    {
        get
        {
            lock (_gate)
            {
                return _current;
            }
        }
    }

    /// <summary>Sees a loaded value; the new time to live when it changes by a tenth or more, else null.</summary>
    public (TimeSpan Old, TimeSpan New, double PerHour)? Observe(uint hash, int print, long now)
    {
        lock (_gate)
        {
            ref var slot = ref _slots[hash & (Slots - 1)];
            var known = slot;
            slot = new Slot(hash, print, now, true);
            if (!known.IsUsed || known.Hash != hash || now <= known.LoadedAt)
            {
                return null;
            }

            _reloads++;
            _milliseconds += now - known.LoadedAt;
            _changed += known.Print == print ? 0 : 1;
            if (++_sinceEstimate < Every)
            {
                return null;
            }

            _sinceEstimate = 0;
            var rate = -Math.Log((_reloads - _changed + 0.5) / (_reloads + 0.5)) / (_milliseconds / _reloads);
            if (_reloads >= Window)
            {
                (_reloads, _changed, _milliseconds) = (_reloads / 2, _changed / 2, _milliseconds / 2);
            }

            var next = Clamp(TimeSpan.FromMilliseconds(Math.Min(LifeFor(rate), TimeSpan.FromDays(3650).TotalMilliseconds)), options);
            if (Math.Abs(next / _current - 1) < 0.1)
            {
                return null;
            }

            var old = _current;
            _current = next;
            return (old, next, rate * 3_600_000);
        }
    }

    /// <summary>The life, in milliseconds, after which the expected share out of date is the tolerated one.</summary>
    double LifeFor(double rate)
    {
        if (rate <= 0)
        {
            return double.PositiveInfinity;
        }

        // The share grows with λT from 0; 2p is the first term of its series, so the root lies between that and 16 times as much.
        var (low, high) = (options.Staleness, 32 * options.Staleness);
        for (var i = 0; i < 50; i++)
        {
            var middle = (low + high) / 2;
            (low, high) = 1 - ((1 - Math.Exp(-middle)) / middle) < options.Staleness ? (middle, high) : (low, middle);
        }

        return low / rate;
    }

    static TimeSpan Clamp(TimeSpan value, AutoTimeToLive options) =>
        value < options.Floor ? options.Floor : value > options.Ceiling ? options.Ceiling : value;

    readonly record struct Slot(uint Hash, int Print, long LoadedAt, bool IsUsed);
}
