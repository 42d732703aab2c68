namespace Fettle.Caching.Memory.Experts;

/// <summary>
/// W-TinyLFU: new keys enter a window kept by recency; what falls out of it enters the segmented main part only when it was seen more
/// often than the main part's victim (Einziger, Friedman, Manes, ACM TOS 2017).
/// </summary>
internal sealed class TinyLfuExpert(int capacity, double windowShare, FrequencySketch sketch, NodeTable nodes, string name) : Expert(name)
{
    readonly NodeQueue _window = new(2);
    readonly NodeQueue _probation = new(3);
    readonly NodeQueue _protected = new(4);

    public override int Capacity { get; set; } = capacity;

    int WindowSize => Math.Max(1, (int)(Capacity * windowShare));

    public override bool Access(int node)
    {
        switch (Nodes[node].Queue)
        {
            case 2:
                _window.Remove(Nodes, node);
                _window.AddNewest(Nodes, node);
                return true;
            case 3:
                _probation.Remove(Nodes, node);
                Protect(node);
                return true;
            case 4:
                _protected.Remove(Nodes, node);
                _protected.AddNewest(Nodes, node);
                return true;
        }

        Enter(_window, node, isNew: true);
        while (_window.Count > WindowSize)
        {
            var candidate = _window.Oldest;
            _window.Remove(Nodes, candidate);
            _probation.AddNewest(Nodes, candidate);
            while (_window.Count + _probation.Count + _protected.Count > Capacity)
            {
                Compete(candidate);
            }
        }

        return false;
    }

    void Protect(int node)
    {
        _protected.AddNewest(Nodes, node);
        if (_protected.Count > (int)((Capacity - WindowSize) * 0.8))
        {
            var oldest = _protected.Oldest;
            _protected.Remove(Nodes, oldest);
            _probation.AddNewest(Nodes, oldest);
        }
    }

    /// <summary>The candidate stands newest in probation; it or the oldest goes.</summary>
    void Compete(int candidate)
    {
        var victim = _probation.Oldest;
        if (victim >= 0 && victim != candidate && Nodes[candidate].Queue == 3
            && sketch.Estimate(nodes.HashOf(candidate)) <= sketch.Estimate(nodes.HashOf(victim)))
        {
            victim = candidate;
        }

        var queue = _probation;
        if (victim < 0)
        {
            queue = _protected.Count > 0 ? _protected : _window;
            victim = queue.Oldest;
        }

        queue.Remove(Nodes, victim);
        Drop(victim);
    }

    public override void Remove(int node)
    {
        var queue = Nodes[node].Queue switch { 2 => _window, 3 => _probation, 4 => _protected, _ => null };
        if (queue is not null)
        {
            queue.Remove(Nodes, node);
            Drop(node);
        }
    }

    public override void Clear()
    {
        base.Clear();
        _window.Clear();
        _probation.Clear();
        _protected.Clear();
    }
}
