namespace Fettle.Caching.SecondTier;

/// <summary>
/// The invalidations that wait for delivery, without duplicates, in order. Beyond the bound those of the category with the most are
/// replaced by one that clears it; what spans categories becomes one that clears everything. Covering more is always safe.
/// </summary>
internal sealed class PendingInvalidations(int max)
{
    readonly List<Invalidation> _order = [];
    readonly HashSet<Invalidation> _known = [];

    public int Count => _order.Count;

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

    public Invalidation[] Peek(int count) => [.. _order.Take(count)];

    public void Delivered(IReadOnlyList<Invalidation> batch)
    {
        var delivered = batch.ToHashSet();
        _order.RemoveAll(delivered.Contains);
        _known.ExceptWith(delivered);
    }

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
