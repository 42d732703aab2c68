using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>The values of a block with the <c>before</c> values in front of it. For windows of a few bars it is cheaper to look at all of them than to keep sums in stretches.</summary>
internal unsafe struct RecentValues<V>(int before)
    where V : unmanaged, ILanes<V>
{
    /// <summary>Windows up to this many bars are short.</summary>
    public const int LongestShortWindow = 5;

    readonly LaneArray<V> _values = new(before + Block.Length);
    int _seen;

    public void Reset() => _seen = 0;

    /// <summary>Takes a block of <paramref name="count"/> values; <paramref name="first"/> is the first that has all values before it. The result points to the first of the block.</summary>
    public V* Take(V* x, int count, out int first)
    {
        var start = _values.Start;

        // What the last block left at its end moves to the front; _seen says how much of it is real.
        new ReadOnlySpan<V>(x, count).CopyTo(new Span<V>(start + before, count));
        first = Math.Min(count, before - _seen);
        _seen = Math.Min(before, _seen + count);
        return start + before;
    }

    /// <summary>Called when the block has been worked through.</summary>
    public readonly void Keep(int count) => new ReadOnlySpan<V>(_values.Start + count, before).CopyTo(new Span<V>(_values.Start, before));
}
