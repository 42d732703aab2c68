namespace Fettle.Caching.Memory.Experts;

/// <summary>Least recently used.</summary>
internal sealed class LruExpert(int capacity) : Expert("LRU")
{
    readonly NodeQueue _queue = new(2);

    public override int Capacity { get; set; } = capacity;

    public override bool Access(int node)
    {
        var isHit = Holds(node);
        if (isHit)
        {
            _queue.Remove(Nodes, node);
        }

        Enter(_queue, node, !isHit);
        while (_queue.Count > Capacity)
        {
            var oldest = _queue.Oldest;
            _queue.Remove(Nodes, oldest);
            Drop(oldest);
        }

        return isHit;
    }

    public override void Remove(int node)
    {
        if (Holds(node))
        {
            _queue.Remove(Nodes, node);
            Drop(node);
        }
    }

    public override void Clear()
    {
        base.Clear();
        _queue.Clear();
    }
}
