using Fettle.Caching.Memory;

namespace Fettle.Caching.Loading;

/// <summary>
/// One load of one key that runs now: what callers of the key join, and the lease of the memory tier. It stands in the category's table
/// from before anything is read until its value is stored; whatever covers the key meanwhile makes it dead, and a dead flight stores
/// nothing and is joined by nobody. Fields change under the category's lock.
/// </summary>
internal sealed class Flight<T>(string key, uint hash, string[] tags, Delegate factory)
{
    TaskCompletionSource<T>? _waited;
    T? _value;
    Exception? _error;
    bool _isDone;

    public string Key { get; } = key;

    public uint Hash { get; } = hash;

    public string[] Tags { get; } = tags;

    /// <summary>Calls the factory, which takes what may be decided about the value, or only the token.</summary>
    public ValueTask<T> LoadAsync(CacheLoad load, CancellationToken token) => factory is Func<CancellationToken, ValueTask<T>> plain
        ? plain(token)
        : ((Func<CacheLoad, CancellationToken, ValueTask<T>>)factory)(load, token);

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

    /// <summary>Whether only a warming wants it.</summary>
    public bool IsWarming { get; set; }

    /// <summary>Whether it only reads the second tier: nobody joins it, because it may end without a value.</summary>
    public bool IsProbe { get; set; }

    /// <summary>The value that is there, or was until now: what the new one is compared with.</summary>
    public CacheEntry<T>? Previous { get; set; }

    /// <summary>Set while the load waits for another node's load: an announcement of the key ends the wait instead of killing the flight.</summary>
    public TaskCompletionSource? Announcement { get; set; }

    /// <summary>The end of the flight. Made when somebody waits: most who ask for a key are alone.</summary>
    public Task<T> Task
    {
        get
        {
            lock (this)
            {
                if (_waited is null)
                {
                    _waited = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
                    if (_isDone)
                    {
                        Tell();
                    }
                }

                return _waited.Task;
            }
        }
    }

    /// <summary>The value of a flight that has succeeded.</summary>
    public T Value => _value!;

    public void Succeed(T value) => End(value, null);

    public void Fail(Exception error) => End(default, error);

    void End(T? value, Exception? error)
    {
        lock (this)
        {
            if (!_isDone)
            {
                (_isDone, _value, _error) = (true, value, error);
                if (_waited is not null)
                {
                    Tell();
                }
            }
        }
    }

    void Tell()
    {
        if (_error is null)
        {
            _waited!.SetResult(_value!);
        }
        else
        {
            _waited!.SetException(_error);

            // A background refresh has no waiter: its failure is counted, not thrown on the finaliser thread.
            _ = _waited.Task.Exception;
        }
    }
}

/// <summary>Sets of one key that run now. Two at once, or an invalidation meanwhile, leave it open whose value the second tier kept.</summary>
internal sealed class RunningSet
{
    public int Count;
    public bool IsDisturbed;
}
