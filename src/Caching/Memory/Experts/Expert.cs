using System.Runtime.InteropServices;

namespace Fettle.Caching.Memory.Experts;

/// <summary>
/// A replacement policy that plays on the keys alone: it sees the same accesses as the real cache and knows which keys it would hold.
/// </summary>
internal abstract class Expert(string name)
{
    /// <summary>Not known to this expert.</summary>
    protected const byte None = 0;

    /// <summary>Remembered, not held.</summary>
    protected const byte Ghost = 1;

    protected Links[] Nodes = [];

    public string Name { get; } = name;

    /// <summary>Hits of late: decays with the accesses.</summary>
    public double Score { get; set; }

    /// <summary>Called when the expert begins or ceases to hold a key.</summary>
    public Action<Expert, int>? Changed { get; set; }

    /// <summary>Called when the expert knows nothing of a key any more.</summary>
    public Action<int>? Forgotten { get; set; }

    public bool Holds(int node) => Nodes[node].Queue > Ghost;

    public bool Knows(int node) => node < Nodes.Length && Nodes[node].Queue != None;

    public void Grow(int capacity)
    {
        if (capacity > Nodes.Length)
        {
            Array.Resize(ref Nodes, capacity);
        }
    }

    /// <summary>Sees an access and says whether it was a hit.</summary>
    public abstract bool Access(int node);

    /// <summary>The key was removed from outside.</summary>
    public abstract void Remove(int node);

    /// <summary>How many keys the expert may hold; it evicts at its next miss.</summary>
    public abstract int Capacity { get; set; }

    public virtual void Clear() => Array.Clear(Nodes);

    protected void Enter(NodeQueue queue, int node, bool isNew)
    {
        queue.AddNewest(Nodes, node);
        if (isNew)
        {
            Changed?.Invoke(this, node);
        }
    }

    protected void Drop(int node)
    {
        Nodes[node].Queue = None;
        Changed?.Invoke(this, node);
        Forgotten?.Invoke(node);
    }

    /// <summary>Packed, because there are nine of these for every entry of a full cache.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    internal struct Links
    {
        public int Older;
        public int Newer;
        public byte Queue;
        public byte Frequency;
    }
}

/// <summary>A queue of node numbers through an expert's links.</summary>
internal sealed class NodeQueue(byte id)
{
    public int Oldest { get; private set; } = -1;

    public int Newest { get; private set; } = -1;

    public int Count { get; private set; }

    public byte Id => id;

    public void AddNewest(Expert.Links[] nodes, int node)
    {
        ref var links = ref nodes[node];
        links.Queue = id;
        links.Older = Newest;
        links.Newer = -1;
        if (Newest < 0)
        {
            Oldest = node;
        }
        else
        {
            nodes[Newest].Newer = node;
        }

        Newest = node;
        Count++;
    }

    public void Remove(Expert.Links[] nodes, int node)
    {
        ref var links = ref nodes[node];
        if (links.Older < 0)
        {
            Oldest = links.Newer;
        }
        else
        {
            nodes[links.Older].Newer = links.Newer;
        }

        if (links.Newer < 0)
        {
            Newest = links.Older;
        }
        else
        {
            nodes[links.Newer].Older = links.Older;
        }

        Count--;
    }

    public void Clear()
    {
        Oldest = Newest = -1;
        Count = 0;
    }
}
