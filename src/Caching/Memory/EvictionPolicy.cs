namespace Fettle.Caching.Memory;

/// <summary>Least recently used, with exact order: the queue is kept by last access and repaired when the tail turns out to be younger.</summary>
internal sealed class EvictionPolicy(int capacity)
{
    public const byte MaxAccesses = 15;
    readonly int _capacity = capacity;

    readonly EntryList _list = new(0);

    /// <summary>Raised with every insertion; a hit copies it into the entry, so hits between two insertions share a rank.</summary>
    public uint Tick;

    public int Count => _list.Count;

    public void Add(CacheEntry entry)
    {
        entry.LastAccess = ++Tick;
        entry.QueuedAt = entry.LastAccess;
        _list.AddNewest(entry);
    }

    public void Remove(CacheEntry entry) => _list.Remove(entry);

    public void Clear() => _list.Clear();

    public CacheEntry? Victim()
    {
        while (_list.Oldest is { } oldest)
        {
            if (oldest.LastAccess == oldest.QueuedAt)
            {
                return oldest;
            }

            _list.Remove(oldest);
            oldest.QueuedAt = oldest.LastAccess;
            _list.AddNewest(oldest);
        }

        return null;
    }

    public string? CheckIntegrity() => null;
}
