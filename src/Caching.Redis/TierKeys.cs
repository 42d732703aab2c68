using System.Collections.Concurrent;
using System.Text;
using Fettle.Redis;

namespace Fettle.Caching.Redis;

/// <summary>
/// Names on the server: <c>fettle:NS:e:CATEGORY:KEY</c> entries, <c>…:l:CATEGORY:KEY</c> leases, <c>…:root</c> generations,
/// <c>…:seq</c> the sequence, <c>…:news</c> the channel. Category names have no colon, so the first one ends them.
/// </summary>
internal sealed class TierKeys
{
    /// <summary>Keys that are not valid UTF-16 would fall together in UTF-8; they travel as hexadecimal behind this mark.</summary>
    const string Raw = "\u0001\u0001";

    readonly ConcurrentDictionary<string, string> _entries = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, string> _leases = new(StringComparer.Ordinal);
    readonly Func<string, string> _entryHead;
    readonly Func<string, string> _leaseHead;
    readonly string _entry;

    public TierKeys(string space)
    {
        _entry = $"fettle:{space}:e:";
        var lease = $"fettle:{space}:l:";
        _entryHead = category => string.Concat(_entry, category, ":");
        _leaseHead = category => string.Concat(lease, category, ":");
        Root = $"fettle:{space}:root";
        Sequence = $"fettle:{space}:seq";
        Channel = $"fettle:{space}:news";
    }

    public string Root { get; }

    public string Sequence { get; }

    public string Channel { get; }

    public RedisArgument Entry(SecondTierKey key) => RedisArgument.Concat(_entries.GetOrAdd(key.Category, _entryHead), Safe(key.Key));

    public RedisArgument Lease(SecondTierKey key) => RedisArgument.Concat(_leases.GetOrAdd(key.Category, _leaseHead), Safe(key.Key));

    public bool TryParseEntry(string name, out SecondTierKey key)
    {
        key = default;
        if (!name.StartsWith(_entry, StringComparison.Ordinal))
        {
            return false;
        }

        var colon = name.IndexOf(':', _entry.Length);
        if (colon < 0)
        {
            return false;
        }

        key = new(name[_entry.Length..colon], Unsafe(name[(colon + 1)..]));
        return true;
    }

    /// <summary>The text as it is, unless it cannot be told apart in UTF-8.</summary>
    public static string Safe(string text) =>
        IsValid(text) && !text.StartsWith(Raw, StringComparison.Ordinal)
            ? text
            : Raw + Convert.ToHexString(System.Runtime.InteropServices.MemoryMarshal.AsBytes(text.AsSpan()));

    public static string Unsafe(string text) =>
        text.StartsWith(Raw, StringComparison.Ordinal)
            ? new string(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, char>(Convert.FromHexString(text.AsSpan(Raw.Length))))
            : text;

    static bool IsValid(string text)
    {
        if (Ascii.IsValid(text))
        {
            return true;
        }

        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]))
            {
                if (!char.IsSurrogatePair(text, i))
                {
                    return false;
                }

                i++;
            }
        }

        return true;
    }
}
