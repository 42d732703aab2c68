namespace Fettle.Caching;

/// <summary>Why an entry left the memory tier while it could still have been served.</summary>
public enum EvictionReason
{
    /// <summary>The category held its largest number of entries.</summary>
    Capacity = 0,

    /// <summary>The category or the cache held its largest number of bytes.</summary>
    Size = 1,

    /// <summary>A newer value took its place.</summary>
    Replaced = 2,
}

/// <summary>An entry that left the memory tier.</summary>
/// <typeparam name="T">The category's value type.</typeparam>
/// <param name="Key">Its key.</param>
/// <param name="Value">Its value; other callers may still use it.</param>
/// <param name="Reason">Why it left.</param>
public readonly record struct Evicted<T>(string Key, T Value, EvictionReason Reason);
