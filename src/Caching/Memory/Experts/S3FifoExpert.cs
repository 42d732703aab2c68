namespace Fettle.Caching.Memory.Experts;

/// <summary>
/// S3-FIFO (Yang, Zhang, Qiu, Yue, Rashmi, SOSP 2023): a small queue of a tenth, a main queue, and a memory of keys that left the small one.
/// </summary>
internal sealed class S3FifoExpert(int capacity) : Expert("S3-FIFO")
{
    readonly NodeQueue _ghost = new(Ghost);
    readonly NodeQueue _small = new(2);
    readonly NodeQueue _main = new(3);

    public override int Capacity { get; set; } = capacity;

    public override bool Access(int node)
    {
        if (Holds(node))
        {
            if (Nodes[node].Frequency < 3)
            {
                Nodes[node].Frequency++;
            }

            return true;
        }

        var wasGhost = Nodes[node].Queue == Ghost;
        if (wasGhost)
        {
            _ghost.Remove(Nodes, node);
            Nodes[node].Queue = None;
        }

        while (_small.Count + _main.Count >= Capacity)
        {
            Evict();
        }

        Nodes[node].Frequency = 0;
        Enter(wasGhost ? _main : _small, node, isNew: true);
        return false;
    }

    void Evict()
    {
        if (_main.Count == 0 || _small.Count >= Math.Max(1, Capacity / 10))
        {
            while (_small.Oldest is >= 0 and var oldest)
            {
                _small.Remove(Nodes, oldest);
                if (Nodes[oldest].Frequency > 1)
                {
                    Nodes[oldest].Frequency = 0;
                    _main.AddNewest(Nodes, oldest);
                    continue;
                }

                _ghost.AddNewest(Nodes, oldest);
                Changed?.Invoke(this, oldest);
                TrimGhosts();
                return;
            }
        }

        while (_main.Oldest is >= 0 and var oldest)
        {
            _main.Remove(Nodes, oldest);
            if (Nodes[oldest].Frequency == 0)
            {
                Drop(oldest);
                return;
            }

            Nodes[oldest].Frequency--;
            _main.AddNewest(Nodes, oldest);
        }
    }

    void TrimGhosts()
    {
        while (_ghost.Count > Math.Max(1, Capacity - (Capacity / 10)))
        {
            var oldest = _ghost.Oldest;
            _ghost.Remove(Nodes, oldest);
            Nodes[oldest].Queue = None;
            Forgotten?.Invoke(oldest);
        }
    }

    public override void Remove(int node)
    {
        switch (Nodes[node].Queue)
        {
            case 2:
                _small.Remove(Nodes, node);
                Drop(node);
                break;
            case 3:
                _main.Remove(Nodes, node);
                Drop(node);
                break;
        }
    }

    public override void Clear()
    {
        base.Clear();
        _ghost.Clear();
        _small.Clear();
        _main.Clear();
    }
}
