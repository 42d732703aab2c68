namespace Fettle.Caching;

/// <summary>What an <see cref="Invalidation"/> covers.</summary>
public enum InvalidationKind
{
    /// <summary>One key of one category.</summary>
    Key = 0,

    /// <summary>Every entry of every category that carries the tag.</summary>
    Tag = 1,

    /// <summary>Every key of the category that starts with the argument (ordinal).</summary>
    Prefix = 2,

    /// <summary>Every key of the category that the glob matches: <c>*</c> any run, <c>?</c> one character, <c>\</c> escapes.</summary>
    Pattern = 3,

    /// <summary>Every key of the category.</summary>
    Category = 4,

    /// <summary>Every key of every category.</summary>
    Everything = 5,
}

/// <summary>One invalidation: what callers ask for, what the second tier stores and what it announces to other nodes.</summary>
/// <param name="Kind">What is covered.</param>
/// <param name="Category">The category; empty for <see cref="InvalidationKind.Tag"/> and <see cref="InvalidationKind.Everything"/>.</param>
/// <param name="Argument">The key, tag, prefix or glob; empty for the other kinds.</param>
public readonly record struct Invalidation(InvalidationKind Kind, string Category, string Argument)
{
    /// <summary>Covers every key of every category.</summary>
    public static Invalidation Everything => new(InvalidationKind.Everything, "", "");

    /// <summary>Covers one key.</summary>
    public static Invalidation ForKey(string category, string key) => new(InvalidationKind.Key, category, key);

    /// <summary>Covers the entries of all categories that carry the tag.</summary>
    public static Invalidation ForTag(string tag) => new(InvalidationKind.Tag, "", tag);

    /// <summary>Covers the keys that start with the prefix.</summary>
    public static Invalidation ForPrefix(string category, string prefix) => new(InvalidationKind.Prefix, category, prefix);

    /// <summary>Covers the keys that the glob matches.</summary>
    public static Invalidation ForPattern(string category, string glob) => new(InvalidationKind.Pattern, category, glob);

    /// <summary>Covers one category.</summary>
    public static Invalidation ForCategory(string category) => new(InvalidationKind.Category, category, "");

    /// <summary>Whether an entry with this category, key and these tags is covered.</summary>
    public bool Covers(string category, string key, ReadOnlySpan<string> tags) => Kind switch
    {
        InvalidationKind.Key => category == Category && key == Argument,
        InvalidationKind.Tag => tags.Contains(Argument),
        InvalidationKind.Prefix => category == Category && key.StartsWith(Argument, StringComparison.Ordinal),
        InvalidationKind.Pattern => category == Category && Glob.IsMatch(Argument, key),
        InvalidationKind.Category => category == Category,
        _ => true,
    };
}
