namespace Fettle.Caching;

/// <summary>What a category of cached values promises. Copied when the category is created; wrong values throw at once.</summary>
public sealed record CategoryOptions
{
    /// <summary>Creates options for a category.</summary>
    /// <param name="name">1 to 64 of a-z, A-Z, 0-9, '.', '_', '-'; the label in metrics and the prefix in the second tier.</param>
    public CategoryOptions(string name) => Name = Guard.Name(name, nameof(name));

    /// <summary>The category's name.</summary>
    public string Name { get; }

    /// <summary>How long a value is fresh. Default 5 min; 1 ms to 3,650 days. The second tier keeps it this long, plus <see cref="StaleWindow"/>.</summary>
    public TimeSpan TimeToLive { get; set => field = Guard.Range(value, Milliseconds(1), Days(3650)); } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How long the memory tier keeps a value at most. Default null: 60 s with a second tier, <see cref="TimeToLive"/> without; 1 ms to 3,650 days.
    /// </summary>
    public TimeSpan? MemoryTimeToLive { get; set => field = Guard.Range(value, Milliseconds(1), Days(3650)); }

    /// <summary>Lets <see cref="TimeToLive"/>, which is then the first, follow how often values change. Default null: it stays.</summary>
    public AutoTimeToLive? Auto { get; set; }

    /// <summary>How long "there is none" (null) is fresh. Default null: <see cref="TimeToLive"/>; zero does not keep it.</summary>
    public TimeSpan? NegativeTimeToLive { get; set => field = Guard.Range(value, TimeSpan.Zero, Days(3650)); }

    /// <summary>How long after its time to live a value may be served while one caller reloads it or when loading fails. Default zero; at most 30 days.</summary>
    public TimeSpan StaleWindow { get; set => field = Guard.Range(value, TimeSpan.Zero, Days(30)); }

    /// <summary>The share of the time to live after which a hit reloads the value in the background. Default 0: never; 0, or 0.1 to 0.99.</summary>
    public double RefreshAhead { get; set => field = value == 0 ? 0 : Guard.Range(value, 0.1, 0.99); }

    /// <summary>How long a load may take before its callers give up and the key is free again. Default 30 s; 1 ms to 1 h.</summary>
    public TimeSpan LoadTimeout { get; set => field = Guard.Range(value, Milliseconds(1), TimeSpan.FromHours(1)); } = TimeSpan.FromSeconds(30);

    /// <summary>Entries the memory tier holds at most. Default 1,000; 1 to 100,000,000.</summary>
    public int MaxEntries { get; set => field = Guard.Range(value, 1, 100_000_000); } = 1000;

    /// <summary>
    /// Bytes the memory tier holds at most: values, as <see cref="SizeOf"/> counts them, keys, tags, and what the cache spends on an entry.
    /// Default null: only the cache's bound; 1 KiB to 1 TiB.
    /// </summary>
    public long? MaxBytes { get; set => field = Guard.Range(value, 1024, 1L << 40); }

    /// <summary>Bytes of a value in memory: a <c>Func&lt;T, long&gt;</c> of the category's type. Default null: the stored length where known, else an estimate.</summary>
    public Delegate? SizeOf { get; set; }

    /// <summary>Whether values also go to the second tier, when the cache has one. Default true.</summary>
    public bool UseSecondTier { get; set; } = true;

    /// <summary>Whether only one node of all loads a missing key while the others wait for it, at most <see cref="LeaseTime"/>. Default false.</summary>
    public bool OneLoadPerCluster { get; set; }

    /// <summary>How long a load may take and still be stored in the second tier, and how long others wait for a crashed loader. Default 10 s; 10 ms to 10 min.</summary>
    public TimeSpan LeaseTime { get; set => field = Guard.Range(value, Milliseconds(10), TimeSpan.FromMinutes(10)); } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How old a value in memory may be while this node cannot hear the others. Default 1 s; 10 ms to 3,650 days.
    /// A single node may set it to its memory time to live: nobody else writes.
    /// </summary>
    public TimeSpan StalenessBound { get; set => field = Guard.Range(value, Milliseconds(10), Days(3650)); } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The version of the data the values are computed from, raised when the data changes; values of an older version are misses.
    /// It is read on every operation, hits too, so it must be a field read. Default null: none.
    /// </summary>
    public Func<long>? DataVersion { get; set; }

    /// <summary>Stored values longer than this are compressed. Default null: never; 64 B to 1 GiB.</summary>
    public int? CompressAbove { get; set => field = Guard.Range(value, 64, 1 << 30); }

    /// <summary>Stored values longer than this stay in memory only. Default 16 MiB; 64 B to 1 GiB.</summary>
    public int MaxStoredBytes { get; set => field = Guard.Range(value, 64, 1 << 30); } = 16 << 20;

    static TimeSpan Milliseconds(int value) => TimeSpan.FromMilliseconds(value);

    static TimeSpan Days(int value) => TimeSpan.FromDays(value);
}
