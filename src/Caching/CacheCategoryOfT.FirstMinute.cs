using Fettle.Caching.Memory;

namespace Fettle.Caching;

/// <content>What a warming was worth.</content>
public sealed partial class CacheCategory<T>
{
    static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    Counts? _minuteBegan;
    Counts? _minuteEnded;

    internal override void BeginFirstMinute()
    {
        Counts began;
        lock (_memory.Gate)
        {
            _minuteBegan = began = CountNow();
            _minuteEnded = null;
        }

        ITimer? timer = null;
        timer = _cache.Time.CreateTimer(
            _ =>
            {
                EndFirstMinute(began);
                timer?.Dispose();
            },
            null,
            Minute,
            Timeout.InfiniteTimeSpan);
    }

    void EndFirstMinute(Counts began)
    {
        lock (_memory.Gate)
        {
            // A later warming has begun a minute of its own.
            if (ReferenceEquals(_minuteBegan, began))
            {
                _minuteEnded = CountNow();
            }
        }
    }

    /// <summary>Under the lock.</summary>
    FirstMinute? ReadFirstMinute()
    {
        if (_minuteBegan is not { } began)
        {
            return null;
        }

        var ended = _minuteEnded ?? CountNow();
        var requests = ended.Hits - began.Hits + ended.Misses - began.Misses;
        var asked = ended.Asked - began.Asked;
        return new FirstMinute(
            Math.Min(Minute.TotalSeconds, (ended.At - began.At) / 1000.0),
            requests,
            requests == 0 ? null : 100.0 * (ended.Hits - began.Hits) / requests,
            requests == 0 ? null : 100.0 * Math.Max(0, ended.Hits - began.Hits - asked) / requests,
            began.Warmed,
            asked);
    }

    Counts CountNow() => new(_clock.Exact, _counters.Hits.Sum(), _counters.MissesByReason.Sum(), _counters.WarmedKeys, _counters.AskedKeys);

    /// <summary>The value came by a warming and nobody has asked for it: its first hit is to be seen. Under the lock.</summary>
    void MarkWarmed(CacheEntry<T> entry)
    {
        entry.FreshUntil = -entry.FreshUntil;
        _counters.WarmedKeys++;
    }

    sealed record Counts(long At, long Hits, long Misses, long Warmed, long Asked);
}
