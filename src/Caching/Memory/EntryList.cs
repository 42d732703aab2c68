namespace Fettle.Caching.Memory;

/// <summary>A doubly linked queue through the entries themselves: no node is allocated.</summary>
internal sealed class EntryList(byte queue)
{
    public CacheEntry? Oldest { get; private set; }

    public CacheEntry? Newest { get; private set; }

    public int Count { get; private set; }

    public void AddNewest(CacheEntry entry)
    {
        entry.Queue = queue;
        entry.Previous = Newest;
        entry.Next = null;
        if (Newest is null)
        {
            Oldest = entry;
        }
        else
        {
            Newest.Next = entry;
        }

        Newest = entry;
        Count++;
    }

    public void Remove(CacheEntry entry)
    {
        if (entry.Previous is null)
        {
            Oldest = entry.Next;
        }
        else
        {
            entry.Previous.Next = entry.Next;
        }

        if (entry.Next is null)
        {
            Newest = entry.Previous;
        }
        else
        {
            entry.Next.Previous = entry.Previous;
        }

        entry.Previous = entry.Next = null;
        Count--;
    }

    public void Clear()
    {
        Oldest = Newest = null;
        Count = 0;
    }
}
