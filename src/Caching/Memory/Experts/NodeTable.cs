using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Fettle.Caching.Memory.Experts;

/// <summary>
/// The keys that some expert holds or remembers, each with one number, so that an access costs one lookup for all experts and a hit none:
/// the entry carries the number. A number is reused once no expert and no entry needs it.
/// <para>A full cache has two to three of these for every entry, so they are kept small: chains through one array, which grows by an
/// eighth and not by doubling. The places of the chains differ from process to process, so that nobody can choose keys that fall together.</para>
/// </summary>
internal sealed class NodeTable
{
    const int LeastNodes = 64;
    readonly uint _multiplier = MemoryMarshal.Read<uint>(RandomNumberGenerator.GetBytes(sizeof(uint))) | 1;
    int[] _buckets = new int[LeastNodes];
    Place[] _places = new Place[LeastNodes];
    CacheEntry?[] _entries = new CacheEntry?[LeastNodes];
    int _free = -1;
    int _used;

    public int Capacity => _places.Length;

    public int Count { get; private set; }

    public uint HashOf(int node) => _places[node].Hash;

    /// <summary>The real entry of the node, or null when only experts hold it.</summary>
    public ref CacheEntry? EntryOf(int node) => ref _entries[node];

    public int FindOrAdd(uint hash)
    {
        if (TryFind(hash, out var node))
        {
            return node;
        }

        if (_free >= 0)
        {
            node = _free;
            _free = _places[node].Next;
        }
        else
        {
            node = _used++;
            if (node == _places.Length)
            {
                var grown = node + (node / 8);
                Array.Resize(ref _places, grown);
                Array.Resize(ref _entries, grown);
            }
        }

        if (++Count > _buckets.Length)
        {
            GrowBuckets();
        }

        _entries[node] = null;
        Link(node, hash);
        return node;
    }

    public bool TryFind(uint hash, out int node)
    {
        for (node = _buckets[BucketOf(hash)] - 1; node >= 0; node = _places[node].Next)
        {
            if (_places[node].Hash == hash)
            {
                return true;
            }
        }

        return false;
    }

    public void Free(int node)
    {
        ref var bucket = ref _buckets[BucketOf(_places[node].Hash)];
        if (bucket - 1 == node)
        {
            bucket = _places[node].Next + 1;
        }
        else
        {
            var before = bucket - 1;
            while (_places[before].Next != node)
            {
                before = _places[before].Next;
            }

            _places[before].Next = _places[node].Next;
        }

        _entries[node] = null;
        _places[node].Next = _free;
        _free = node;
        Count--;
    }

    public void Clear()
    {
        Array.Clear(_buckets);
        Array.Clear(_entries);
        _free = -1;
        _used = 0;
        Count = 0;
    }

    void GrowBuckets()
    {
        var old = _buckets;
        _buckets = new int[old.Length * 2];
        foreach (var first in old)
        {
            for (var node = first - 1; node >= 0;)
            {
                var next = _places[node].Next;
                Link(node, _places[node].Hash);
                node = next;
            }
        }
    }

    void Link(int node, uint hash)
    {
        ref var bucket = ref _buckets[BucketOf(hash)];
        _places[node] = new Place { Hash = hash, Next = bucket - 1 };
        bucket = node + 1;
    }

    /// <summary>The upper bits of a product, which depend on all of the hash.</summary>
    int BucketOf(uint hash) => (int)((hash * _multiplier) >> (32 - BitOperations.Log2((uint)_buckets.Length)));

    /// <summary>A node and the next of its chain, or of the chain of free ones; -1 ends it.</summary>
    struct Place
    {
        public uint Hash;
        public int Next;
    }
}
