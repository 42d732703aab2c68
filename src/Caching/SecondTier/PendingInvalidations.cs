namespace Fettle.Caching.SecondTier;

/// <summary>
/// The invalidations that wait for delivery, without duplicates, in order. Beyond the bound those of the category with the most are
/// replaced by one that clears it; what spans categories becomes one that clears everything. Covering more is always safe.
/// <para>A batch under delivery stands apart: an invalidation added meanwhile is a later one even if it equals one of the batch, which
/// may have been applied already, and has to be delivered again.</para>
/// </summary>
internal sealed class PendingInvalidations(int max)
{
    readonly List<Invalidation> _order = [];
    readonly HashSet<Invalidation> _known = [];
    Invalidation[] _underWay = [];

    public int Count => _order.Count + _underWay.Length;

    public void Add(Invalidation invalidation)
    {
        if (_known.Contains(Invalidation.Everything)
            || (invalidation.Category.Length > 0 && _known.Contains(Invalidation.ForCategory(invalidation.Category)))
            || !_known.Add(invalidation))
        {
            return;
        }

        _order.Add(invalidation);
        if (_order.Count > max)
        {
            Collapse();
        }
    }

    /// <summary>Takes the oldest for delivery; what was taken before and not delivered comes first.</summary>
    public Invalidation[] Take(int count)
    {
        if (_underWay.Length == 0)
        {
            _underWay = [.. _order.Take(count)];
            _order.RemoveRange(0, _underWay.Length);
            _known.ExceptWith(_underWay);
        }

        return _underWay;
    }

    /// <summary>The batch taken last has been applied.</summary>
    public void Delivered() => _underWay = [];

    void Collapse()
    {
        var largest = _order.GroupBy(i => i.Category).MaxBy(g => g.Count())!;
        var cover = largest.Key.Length == 0 || largest.Count() < 2 ? Invalidation.Everything : Invalidation.ForCategory(largest.Key);
        if (cover.Kind == InvalidationKind.Everything)
        {
            _order.Clear();
        }
        else
        {
            _order.RemoveAll(i => i.Category == cover.Category);
        }

        _order.Add(cover);
        _known.Clear();
        _known.UnionWith(_order);
    }
}
