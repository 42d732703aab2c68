namespace Fettle.Caching.Memory.Experts;

/// <summary>
/// The keys that some expert holds or remembers, each with one number, so that an access costs one lookup for all experts and a hit none:
/// the entry carries the number. A number is reused once no expert and no entry needs it.
/// </summary>
internal sealed class NodeTable
{
    readonly Dictionary<uint, int> _numbers = [];
    readonly Stack<int> _free = new();
    uint[] _hashes = new uint[64];
    CacheEntry?[] _entries = new CacheEntry?[64];
    int _used;

    public int Capacity => _hashes.Length;

    public int Count => _numbers.Count;

    public uint HashOf(int node) => _hashes[node];

    /// <summary>The real entry of the node, or null when only experts hold it.</summary>
    public ref CacheEntry? EntryOf(int node) => ref _entries[node];

    public int FindOrAdd(uint hash)
    {
        if (_numbers.TryGetValue(hash, out var node))
        {
            return node;
        }

        if (!_free.TryPop(out node))
        {
            node = _used++;
            if (node == _hashes.Length)
            {
                Array.Resize(ref _hashes, node * 2);
                Array.Resize(ref _entries, node * 2);
            }
        }

        _hashes[node] = hash;
        _entries[node] = null;
        _numbers[hash] = node;
        return node;
    }

    public bool TryFind(uint hash, out int node) => _numbers.TryGetValue(hash, out node);

    public void Free(int node)
    {
        _numbers.Remove(_hashes[node]);
        _entries[node] = null;
        _free.Push(node);
    }

    public void Clear()
    {
        _numbers.Clear();
        _free.Clear();
        Array.Clear(_entries);
        _used = 0;
    }
}
