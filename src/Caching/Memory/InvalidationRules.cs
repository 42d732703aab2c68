namespace Fettle.Caching.Memory;

/// <summary>
/// The bulk invalidations (tag, prefix, pattern) of one category that some entry has not been compared with yet.
/// Each has a sequence number; an entry or a load is covered by those newer than the number it was last checked at.
/// The list is bounded: a rule that every entry has been compared with is dropped, and dropping raises <see cref="Floor"/>, below which
/// everything counts as covered. Always under the category's lock.
/// </summary>
internal sealed class InvalidationRules
{
    public const int MaxRules = 64;
    readonly List<(long Sequence, Invalidation Rule)> _rules = [];

    /// <summary>What was last checked below this number is covered, without looking.</summary>
    public long Floor { get; private set; }

    public int Count => _rules.Count;

    public bool IsFull => _rules.Count >= MaxRules;

    public void Add(long sequence, in Invalidation rule) => _rules.Add((sequence, rule));

    public bool Covers(long checkedAt, string category, string key, string[] tags)
    {
        if (checkedAt < Floor)
        {
            return true;
        }

        // Newest last, so the walk stops at the first rule that was already known.
        for (var i = _rules.Count - 1; i >= 0 && _rules[i].Sequence > checkedAt; i--)
        {
            if (_rules[i].Rule.Covers(category, key, tags))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether any tag was removed since: what a load whose tags are not known yet must fear.</summary>
    public bool AnyTagSince(long checkedAt)
    {
        if (checkedAt < Floor)
        {
            return true;
        }

        for (var i = _rules.Count - 1; i >= 0 && _rules[i].Sequence > checkedAt; i--)
        {
            if (_rules[i].Rule.Kind == InvalidationKind.Tag)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Forgets rules that every entry has been checked at (<paramref name="checkedByAll"/>), but keeps the newest: a load that runs is
    /// compared with them when it ends, and one older than the oldest kept counts as covered.
    /// </summary>
    public void Trim(long checkedByAll)
    {
        if (_rules.Count > MaxRules / 2)
        {
            DropUpTo(Math.Min(checkedByAll, _rules[^(MaxRules / 4)].Sequence - 1));
        }
    }

    public void DropUpTo(long sequence)
    {
        _rules.RemoveAll(r => r.Sequence <= sequence);
        Floor = Math.Max(Floor, sequence);
    }
}
