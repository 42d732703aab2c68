namespace Fettle.LoadTesting.Engine.Loop;

/// <summary>
/// Half-second blocks by intended start. A block stays open until no request of it can still end (its end plus the timeout)
/// and is then handed to the collector, so memory does not grow with the run but for one small record per block.
/// </summary>
sealed class BlockRecorder(BlockCollector collector, long timeout)
{
    public const long BlockNanoseconds = 500_000_000;
    const long Margin = 1_000_000_000;

    readonly Dictionary<int, OpenBlock> _open = [];
    readonly Stack<OpenBlock> _spare = new();
    int _next;

    /// <summary>Counts one request in its block.</summary>
    /// <param name="sinceStart">Intended start in nanoseconds after the warm-up.</param>
    /// <param name="latency">Nanoseconds; below zero when the request has none.</param>
    /// <param name="failed">Whether the request failed.</param>
    public void Record(long sinceStart, long latency, bool failed)
    {
        var index = (int)(sinceStart / BlockNanoseconds);
        if (!_open.TryGetValue(index, out var block))
        {
            _open[index] = block = _spare.TryPop(out var spare) ? spare : new OpenBlock();
        }

        block.Requests++;
        block.Failed += failed ? 1 : 0;
        if (latency >= 0)
        {
            block.Latency.RecordNanoseconds(latency);
        }
    }

    /// <summary>Hands over the blocks that are over.</summary>
    public void Advance(long sinceStart)
    {
        while ((_next + 1) * BlockNanoseconds + timeout + Margin < sinceStart)
        {
            HandOver(_next++);
        }
    }

    /// <summary>Hands over everything up to the end of the counted time.</summary>
    public void Finish(long counted)
    {
        for (var blocks = (int)((counted + BlockNanoseconds - 1) / BlockNanoseconds); _next < blocks; _next++)
        {
            HandOver(_next);
        }
    }

    void HandOver(int index)
    {
        if (_open.Remove(index, out var block))
        {
            collector.Take(index, block);
            block.Clear();
            _spare.Push(block);
        }
    }
}

/// <summary>A block that still receives values.</summary>
sealed class OpenBlock
{
    public LatencyHistogram Latency { get; } = new();

    public long Requests { get; set; }

    public long Failed { get; set; }

    public void Add(OpenBlock other)
    {
        Latency.Add(other.Latency);
        Requests += other.Requests;
        Failed += other.Failed;
    }

    public void Clear()
    {
        Latency.Clear();
        Requests = Failed = 0;
    }
}
