namespace Fettle.Redis.Connection;

/// <summary>
/// Waits between attempts to connect: the first as given, then doubling, never above the maximum. Up to a quarter of each wait is
/// taken away at random so that a fleet does not come back in one instant.
/// </summary>
internal sealed class Backoff(TimeSpan first, TimeSpan max, Func<double> random)
{
    int _attempt;

    public TimeSpan Next()
    {
        var full = Math.Min(max.TotalMilliseconds, first.TotalMilliseconds * Math.Pow(2, _attempt));
        _attempt = Math.Min(_attempt + 1, 30);
        return TimeSpan.FromMilliseconds(full * (1 - (random() * 0.25)));
    }

    public void Reset() => _attempt = 0;
}
