namespace Fettle.Bench.HitRate;

/// <summary>A policy as its paper tells it, plain and independent of the product's code, to be compared with.</summary>
internal interface IRival
{
    bool Access(int key);
}

internal sealed class LruRival(int capacity) : IRival
{
    readonly Dictionary<int, LinkedListNode<int>> _map = [];
    readonly LinkedList<int> _order = [];

    public bool Access(int key)
    {
        if (_map.TryGetValue(key, out var node))
        {
            _order.Remove(node);
            _order.AddLast(node);
            return true;
        }

        if (_map.Count == capacity)
        {
            _map.Remove(_order.First!.Value);
            _order.RemoveFirst();
        }

        _map[key] = _order.AddLast(key);
        return false;
    }
}

/// <summary>S3-FIFO: small queue of 10 %, move to main when seen twice more, ghost of 90 %.</summary>
internal sealed class S3FifoRival(int capacity) : IRival
{
    readonly int _smallSize = Math.Max(1, capacity / 10);
    readonly Dictionary<int, int> _seen = [];
    readonly Queue<int> _small = new();
    readonly Queue<int> _main = new();
    readonly Queue<int> _ghostOrder = new();
    readonly HashSet<int> _ghost = [];

    public bool Access(int key)
    {
        if (_seen.TryGetValue(key, out var seen))
        {
            _seen[key] = Math.Min(3, seen + 1);
            return true;
        }

        while (_seen.Count >= capacity)
        {
            Evict();
        }

        (_ghost.Remove(key) ? _main : _small).Enqueue(key);
        _seen[key] = 0;
        return false;
    }

    void Evict()
    {
        if (_small.Count >= _smallSize || _main.Count == 0)
        {
            while (_small.TryDequeue(out var key))
            {
                if (_seen[key] > 1)
                {
                    _seen[key] = 0;
                    _main.Enqueue(key);
                    continue;
                }

                _seen.Remove(key);
                if (_ghost.Add(key))
                {
                    _ghostOrder.Enqueue(key);
                }

                while (_ghost.Count > capacity - _smallSize)
                {
                    _ghost.Remove(_ghostOrder.Dequeue());
                }

                return;
            }
        }

        while (_main.TryDequeue(out var key))
        {
            if (_seen[key] == 0)
            {
                _seen.Remove(key);
                return;
            }

            _seen[key]--;
            _main.Enqueue(key);
        }
    }
}

/// <summary>W-TinyLFU with a window of 1 % and exact counts that are halved every ten times the capacity.</summary>
internal sealed class TinyLfuRival(int capacity) : IRival
{
    readonly int _windowSize = Math.Max(1, capacity / 100);
    readonly Dictionary<int, int> _counts = [];
    readonly Dictionary<int, (LinkedListNode<int> Node, LinkedList<int> List)> _map = [];
    readonly LinkedList<int> _window = [];
    readonly LinkedList<int> _probation = [];
    readonly LinkedList<int> _protected = [];
    int _increments;

    public bool Access(int key)
    {
        Count(key);
        if (_map.TryGetValue(key, out var at))
        {
            at.List.Remove(at.Node);
            Put(key, at.List == _window ? _window : _protected);
            if (_protected.Count > (capacity - _windowSize) * 4 / 5)
            {
                var demoted = _protected.First!.Value;
                _protected.RemoveFirst();
                Put(demoted, _probation);
            }

            return true;
        }

        Put(key, _window);
        if (_window.Count > _windowSize)
        {
            var candidate = _window.First!.Value;
            _window.RemoveFirst();
            Put(candidate, _probation);
            if (_map.Count > capacity)
            {
                var victim = _probation.First!.Value;
                if (victim != candidate && Seen(candidate) <= Seen(victim))
                {
                    victim = candidate;
                }

                _probation.Remove(_map[victim].Node);
                _map.Remove(victim);
            }
        }

        return false;
    }

    void Put(int key, LinkedList<int> list) => _map[key] = (list.AddLast(key), list);

    int Seen(int key) => _counts.GetValueOrDefault(key);

    void Count(int key)
    {
        _counts[key] = Math.Min(15, Seen(key) + 1);
        if (++_increments >= 10 * capacity)
        {
            _increments /= 2;
            foreach (var (k, n) in _counts.ToArray())
            {
                if (n <= 1)
                {
                    _counts.Remove(k);
                }
                else
                {
                    _counts[k] = n / 2;
                }
            }
        }
    }
}

/// <summary>Belady's optimum: evicts what is used again last, and does not admit what is used later than all held.</summary>
internal static class Optimal
{
    /// <param name="trace">Keys in the order of the accesses.</param>
    /// <param name="capacity">Entries.</param>
    /// <param name="from">Accesses before this one warm the cache and are not counted.</param>
    public static double HitRate(int[] trace, int capacity, int from = 0)
    {
        var next = new int[trace.Length];
        var last = new Dictionary<int, int>();
        for (var i = trace.Length - 1; i >= 0; i--)
        {
            next[i] = last.GetValueOrDefault(trace[i], int.MaxValue);
            last[trace[i]] = i;
        }

        var held = new Dictionary<int, int>();
        var byNext = new PriorityQueue<(int Key, int Next), int>();
        var hits = 0;
        for (var i = 0; i < trace.Length; i++)
        {
            hits += i >= from && held.ContainsKey(trace[i]) ? 1 : 0;
            held[trace[i]] = next[i];
            byNext.Enqueue((trace[i], next[i]), -next[i] == int.MinValue ? int.MinValue : -next[i]);
            while (held.Count > capacity)
            {
                var (key, use) = byNext.Dequeue();
                if (held.TryGetValue(key, out var current) && current == use)
                {
                    held.Remove(key);
                }
            }
        }

        return 100.0 * hits / (trace.Length - from);
    }
}
