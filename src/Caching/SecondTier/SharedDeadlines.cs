namespace Fettle.Caching.SecondTier;

/// <summary>
/// Tokens that bound calls in time, shared by those that begin within a sixteenth of the budget: arming a timer for each call costs more
/// than all else that bounds it. A token ends a sixteenth before the budget does, because the operation may have spent that before.
/// </summary>
internal sealed class SharedDeadlines(TimeProvider time, TimeSpan budget)
{
    readonly long _shared = (long)(budget.TotalSeconds / 16 * time.TimestampFrequency);
    Share? _current;

    public CancellationToken Next()
    {
        var now = time.GetTimestamp();
        return Volatile.Read(ref _current) is { } share && now < share.Until ? share.Token : Begin(now);
    }

    CancellationToken Begin(long now)
    {
        // Not disposed: calls may still listen, and its timer ends by itself.
        var source = new CancellationTokenSource(budget * 15 / 16, time);
        Volatile.Write(ref _current, new Share(source.Token, now + _shared));
        return source.Token;
    }

    sealed record Share(CancellationToken Token, long Until);
}
