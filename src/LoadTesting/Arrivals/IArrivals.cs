namespace Fettle.LoadTesting.Arrivals;

/// <summary>Intended start times, one after the other.</summary>
interface IArrivals
{
    /// <summary>Seconds from the start to the next arrival; false when there is none.</summary>
    bool TryNext(out double seconds);
}

/// <summary>Recorded times; a share takes every n-th, so that the shares interleave to the whole.</summary>
sealed class ReplayArrivals(IReadOnlyList<double> times, int share, int shares) : IArrivals
{
    int _next = share;

    public bool TryNext(out double seconds)
    {
        if (_next >= times.Count)
        {
            seconds = double.PositiveInfinity;
            return false;
        }

        seconds = times[_next];
        _next += shares;
        return true;
    }
}
