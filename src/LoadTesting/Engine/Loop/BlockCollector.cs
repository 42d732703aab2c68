namespace Fettle.LoadTesting.Engine.Loop;

/// <summary>Merges the blocks of several loops; a block becomes a <see cref="LoadBlock"/> when every loop is past it.</summary>
sealed class BlockCollector(int shares)
{
    readonly Lock _lock = new();
    readonly Dictionary<int, (OpenBlock Block, int Taken)> _merging = [];
    readonly SortedDictionary<int, LoadBlock> _done = [];

    public void Take(int index, OpenBlock block)
    {
        lock (_lock)
        {
            if (shares == 1)
            {
                _done[index] = Close(index, block);
                return;
            }

            var (merged, taken) = _merging.TryGetValue(index, out var sofar) ? sofar : (new OpenBlock(), 0);
            merged.Add(block);
            _merging[index] = (merged, taken + 1);
            if (taken + 1 == shares)
            {
                _done[index] = Close(index, merged);
                _merging.Remove(index);
            }
        }
    }

    /// <summary>All blocks in order; a block that some loop had nothing for is closed as it is.</summary>
    public IReadOnlyList<LoadBlock> Finish()
    {
        lock (_lock)
        {
            foreach (var (index, (block, _)) in _merging)
            {
                _done[index] = Close(index, block);
            }

            _merging.Clear();
            return [.. _done.Values];
        }
    }

    static LoadBlock Close(int index, OpenBlock block)
    {
        var latency = block.Latency;
        double At(double percentile) => latency.Count == 0 ? double.NaN : latency.MillisecondsAt(percentile);
        return new LoadBlock(index * 0.5, block.Requests, block.Failed, At(50), At(95), At(99), At(100)) { Heat = HeatScale.Count(latency) };
    }
}
