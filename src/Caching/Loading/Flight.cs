using Fettle.Caching.Memory;

namespace Fettle.Caching.Loading;

/// <summary>
/// One load of one key that runs now: what callers of the key join, and the lease of the memory tier. It stands in the category's table
/// from before anything is read until its value is stored; whatever covers the key meanwhile makes it dead, and a dead flight stores
/// nothing and is joined by nobody. Fields change under the category's lock.
/// </summary>
internal sealed class Flight<T>(string key, uint hash, string[] tags, Func<CacheLoad, CancellationToken, ValueTask<T>> factory)
{
    readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Key { get; } = key;

    public uint Hash { get; } = hash;

    public string[] Tags { get; } = tags;

    public Func<CacheLoad, CancellationToken, ValueTask<T>> Factory { get; } = factory;

    /// <summary>The newest bulk invalidation when the load began.</summary>
    public long StartSequence { get; set; }

    public long DataVersion { get; set; }

    /// <summary>Whether the factory may add tags that are not known until it ends.</summary>
    public bool AddsTags { get; init; }

    public bool IsDead { get; set; }

    /// <summary>Whether it reloads a value that is still there.</summary>
    public bool IsRefresh { get; init; }

    /// <summary>
    /// Whether it replaces a flight that died: the lease it meets may be the dead one's, so it does not wait for that lease's owner.
    /// </summary>
    public bool ReplacesDead { get; init; }

    /// <summary>The lease of the second tier that this flight created and others may wait for.</summary>
    public bool OwnsLease { get; set; }

    /// <summary>Whether it only reads the second tier: nobody joins it, because it may end without a value.</summary>
    public bool IsProbe { get; set; }

    /// <summary>The value that is there, or was until now: what the new one is compared with.</summary>
    public CacheEntry<T>? Previous { get; set; }

    /// <summary>Set while the load waits for another node's load: an announcement of the key ends the wait instead of killing the flight.</summary>
    public TaskCompletionSource? Announcement { get; set; }

    public Task<T> Task => _done.Task;

    public void Succeed(T value) => _done.TrySetResult(value);

    public void Fail(Exception error)
    {
        if (_done.TrySetException(error))
        {
            // A background refresh has no waiter: its failure is counted, not thrown on the finaliser thread.
            _ = _done.Task.Exception;
        }
    }
}

/// <summary>Sets of one key that run now. Two at once, or an invalidation meanwhile, leave it open whose value the second tier kept.</summary>
internal sealed class RunningSet
{
    public int Count;
    public bool IsDisturbed;
}
