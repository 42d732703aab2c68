using System.Text;
using Fettle.Redis;

namespace Fettle.Caching.Redis;

/// <summary>
/// This node's copy of the generations on the server: up to which stamp everything, a category, a tag, a prefix or a pattern counts as
/// removed. It lets a read be a plain GET.
/// <para>Why that is right: announcements come on the same connection as replies, in the order in which the server did the work. When
/// the reply to a GET is looked at, every invalidation that was applied before that GET has been noted here; later ones only make the
/// answer stricter. The copy is valid for one connection: it begins empty, is filled from the root after the subscription stands, and
/// is thrown away with the connection.</para>
/// </summary>
internal sealed class GenerationMirror
{
    readonly Lock _gate = new();
    readonly Dictionary<string, long> _categories = new(StringComparer.Ordinal);
    readonly Dictionary<string, long> _tags = new(StringComparer.Ordinal);
    readonly Dictionary<string, List<(long Stamp, Invalidation What)>> _ranges = new(StringComparer.Ordinal);
    readonly byte[] _epoch = new byte[16];
    long _everything;
    bool _hasEpoch;

    /// <summary>Forgets everything: no entry is valid until an epoch is known.</summary>
    public void Reset()
    {
        lock (_gate)
        {
            Clear();
            _hasEpoch = false;
        }
    }

    /// <summary>A new life of the data begins.</summary>
    public void Begin(string epoch)
    {
        lock (_gate)
        {
            Clear();
            SetEpoch(epoch);
        }
    }

    /// <summary>Merges the root into what was announced since the subscription stood.</summary>
    public void Load(RedisReply root)
    {
        lock (_gate)
        {
            var items = root.Items;
            for (var i = 0; i + 1 < items.Length; i += 2)
            {
                var name = items[i].AsText()!;
                switch (name)
                {
                    case "e":
                        var epoch = items[i + 1].AsText()!;
                        if (!_hasEpoch)
                        {
                            SetEpoch(epoch);
                        }
                        else if (!Encoding.UTF8.GetString(_epoch).Equals(epoch, StringComparison.Ordinal))
                        {
                            // A newer epoch was announced behind this copy of the root, which is therefore void.
                            return;
                        }

                        break;
                    case "a":
                        _everything = Math.Max(_everything, items[i + 1].AsInt64());
                        break;
                    default:
                        LoadField(name, items[i + 1]);
                        break;
                }
            }
        }
    }

    public void Apply(long stamp, in Invalidation invalidation)
    {
        lock (_gate)
        {
            switch (invalidation.Kind)
            {
                case InvalidationKind.Tag:
                    Raise(_tags, invalidation.Argument, stamp);
                    break;
                case InvalidationKind.Category:
                    Raise(_categories, invalidation.Category, stamp);
                    if (_ranges.TryGetValue(invalidation.Category, out var list))
                    {
                        list.RemoveAll(r => r.Stamp <= stamp);
                    }

                    break;
                case InvalidationKind.Everything:
                    var epoch = _hasEpoch;
                    Clear();
                    _hasEpoch = epoch;
                    _everything = stamp;
                    break;
                case InvalidationKind.Prefix or InvalidationKind.Pattern:
                    AddRange(stamp, invalidation);
                    break;
            }
        }
    }

    /// <summary>Whether nothing that covers the entry was applied after its stamp.</summary>
    public bool IsValid(SecondTierKey key, in StoredEntry entry)
    {
        lock (_gate)
        {
            if (!_hasEpoch || !entry.Epoch.SequenceEqual(_epoch) || entry.Stamp < _everything
                || (_categories.TryGetValue(key.Category, out var category) && entry.Stamp < category))
            {
                return false;
            }

            if (_tags.Count > 0 && entry.TagCount > 0)
            {
                foreach (var tag in entry.Tags())
                {
                    if (_tags.TryGetValue(TierKeys.Unsafe(tag), out var removed) && entry.Stamp < removed)
                    {
                        return false;
                    }
                }
            }

            if (_ranges.TryGetValue(key.Category, out var ranges))
            {
                foreach (var (stamp, what) in ranges)
                {
                    if (entry.Stamp < stamp && what.Covers(key.Category, key.Key, []))
                    {
                        return false;
                    }
                }
            }

            return true;
        }
    }

    void LoadField(string name, RedisReply value)
    {
        if (name.Length < 2 || name[1] != ':')
        {
            return;
        }

        switch (name[0])
        {
            case 't':
                Raise(_tags, TierKeys.Unsafe(name[2..]), value.AsInt64());
                break;
            case 'c':
                Raise(_categories, name[2..], value.AsInt64());
                break;
            case 'p':
                foreach (var (stamp, kind, argument) in RangeList.Read(value.AsBytes()!))
                {
                    AddRange(stamp, new((InvalidationKind)kind, name[2..], TierKeys.Unsafe(argument)));
                }

                break;
        }
    }

    void AddRange(long stamp, Invalidation what)
    {
        if (!_ranges.TryGetValue(what.Category, out var list))
        {
            _ranges[what.Category] = list = [];
        }

        var newest = stamp;
        for (var i = list.Count - 1; i >= 0; i--)
        {
            if (list[i].What == what)
            {
                newest = Math.Max(newest, list[i].Stamp);
                list.RemoveAt(i);
            }
        }

        list.Add((newest, what));
    }

    void Clear()
    {
        _categories.Clear();
        _tags.Clear();
        _ranges.Clear();
        _everything = 0;
    }

    void SetEpoch(string epoch)
    {
        _hasEpoch = epoch.Length == _epoch.Length && Encoding.UTF8.TryGetBytes(epoch, _epoch, out var written) && written == _epoch.Length;
    }

    static void Raise(Dictionary<string, long> stamps, string name, long stamp)
    {
        if (!stamps.TryGetValue(name, out var current) || current < stamp)
        {
            stamps[name] = stamp;
        }
    }
}
