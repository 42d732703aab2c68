namespace Fettle.Caching;

/// <summary>What a factory may decide about the value it loads.</summary>
public sealed class CacheLoad
{
    readonly List<string> _tags;

    internal CacheLoad(string key, IReadOnlyList<string> tags)
    {
        Key = key;
        _tags = [.. tags];
    }

    /// <summary>The key that is loaded.</summary>
    public string Key { get; }

    /// <summary>The time to live of this value; null takes the category's. Positive.</summary>
    public TimeSpan? TimeToLive { get; set => field = Guard.Range(value, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(3650)); }

    /// <summary>False returns the value to the callers and keeps it in no tier.</summary>
    public bool Keep { get; set; } = true;

    /// <summary>Adds a tag by which the value can be removed.</summary>
    public void AddTag(string tag)
    {
        ArgumentException.ThrowIfNullOrEmpty(tag);
        if (!_tags.Contains(tag))
        {
            _tags.Add(tag);
        }
    }

    internal string[] Tags => _tags.Count == 0 ? [] : [.. _tags];
}
