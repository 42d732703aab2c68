namespace Fettle.Caching;

/// <summary>What all categories of a cache share. Copied when the cache is created; wrong values throw at once.</summary>
public sealed record FettleCacheOptions
{
    /// <summary>Bytes of all categories' memory tiers together. Default 512 MiB; 1 MiB to 1 TiB.</summary>
    public long MaxBytes { get; set => field = Guard.Range(value, 1L << 20, 1L << 40); } = 512L << 20;

    /// <summary>
    /// The most time that the second tier may add to one operation while it does not answer. Default 40 ms; 1 ms to 10 s.
    /// </summary>
    public TimeSpan SecondTierBudget { get; set => field = Guard.Range(value, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(10)); } = TimeSpan.FromMilliseconds(40);

    /// <summary>Failures in a row that open the breaker. Default 3; 1 to 1,000.</summary>
    public int BreakerFailures { get; set => field = Guard.Range(value, 1, 1000); } = 3;

    /// <summary>The first wait before an open breaker probes; it doubles with jitter up to <see cref="MaxProbeDelay"/>. Default 1 s; 10 ms to 30 s.</summary>
    public TimeSpan FirstProbeDelay { get; set => field = Guard.Range(value, TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(30)); } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait between probes. Default 30 s; 10 ms to 10 min.</summary>
    public TimeSpan MaxProbeDelay { get; set => field = Guard.Range(value, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(10)); } = TimeSpan.FromSeconds(30);

    /// <summary>Invalidations kept while the second tier is away; beyond it whole categories are cleared instead. Default 10,000; 1 to 10,000,000.</summary>
    public int MaxPendingInvalidations { get; set => field = Guard.Range(value, 1, 10_000_000); } = 10_000;

    /// <summary>The clock; tests pass their own. Default the system's.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>Told what an operator wants to read: an outage begins or ends, a time to live changes. It must not throw. Default null.</summary>
    public Action<CacheNotice>? Notice { get; set; }
}

/// <summary>Something an operator wants to read in the log.</summary>
/// <param name="IsWarning">Whether it deserves attention.</param>
/// <param name="Message">The sentence.</param>
public readonly record struct CacheNotice(bool IsWarning, string Message);
