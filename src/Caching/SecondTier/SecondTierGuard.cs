using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Fettle.Caching.SecondTier;

/// <summary>
/// Stands between the cache and the second tier: bounds every call in time, opens a breaker, keeps the invalidations that could not be
/// delivered, and replays them before the first read after an outage.
/// <list type="number">
/// <item>Closed: calls pass. A call that fails counts; enough in a row, or one failed write, open the breaker: a failed write leaves an
/// invalidation to deliver, and until it is delivered a read could return what it covers.</item>
/// <item>Open: <see cref="IsUsable"/> is false and costs a field read. One background loop waits (1 s doubling with jitter, at most 30 s),
/// probes, replays the kept invalidations, and closes the breaker only when none is left.</item>
/// </list>
/// </summary>
internal sealed class SecondTierGuard : IDisposable
{
    static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(1);
    static readonly TimeSpan ReplayTimeout = TimeSpan.FromSeconds(5);
    const int ReplayBatch = 256;
    const int MaxIdleBounds = 64;

    readonly ISecondTier _tier;
    readonly FettleCacheOptions _options;
    readonly Lock _gate = new();
    readonly ConcurrentBag<CancellationTokenSource> _bounds = [];
    readonly PendingInvalidations _pending;
    readonly CancellationTokenSource _stop = new();
    TaskCompletionSource _wake = NewWake();
    int _failures;
    bool _open;

    public SecondTierGuard(ISecondTier tier, FettleCacheOptions options)
    {
        _tier = tier;
        _options = options;
        _pending = new PendingInvalidations(options.MaxPendingInvalidations);
    }

    public bool IsUsable
    {
        get
        {
            if (Volatile.Read(ref _open))
            {
                return false;
            }

            if (_tier.State == SecondTierState.Available)
            {
                return true;
            }

            Open("not connected");
            return false;
        }
    }

    public bool IsOpen => Volatile.Read(ref _open);

    public int Pending
    {
        get
        {
            lock (_gate)
            {
                return _pending.Count;
            }
        }
    }

    public long Outages { get; private set; }

    /// <summary>A budget for all second-tier calls of one operation.</summary>
    public Budget NewBudget() => new(_options.SecondTierBudget);

    /// <summary>Runs a read; false when it failed or took too long.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<(bool Answered, TResult Result)> ReadAsync<TState, TResult>(
        Budget budget, TState state, Func<ISecondTier, TState, CancellationToken, ValueTask<TResult>> call)
    {
        if (!IsUsable)
        {
            return default;
        }

        try
        {
            var result = await BoundAsync(budget, state, call);
            Volatile.Write(ref _failures, 0);
            return (true, result);
        }
        catch (Exception e) when (!_stop.IsCancellationRequested)
        {
            if (Interlocked.Increment(ref _failures) >= _options.BreakerFailures || _tier.State != SecondTierState.Available)
            {
                Open(Describe(e));
            }

            return default;
        }
        catch (Exception)
        {
            return default;
        }
    }

    /// <summary>Stores; null when it failed. The effect is then unknown, so an invalidation of the key is kept for delivery.</summary>
    public async ValueTask<SecondTierWrite?> StoreAsync(Budget budget, SecondTierKey key, ReadOnlyMemory<byte> value, SecondTierStore store)
    {
        if (!IsUsable)
        {
            // A store with a lease may be forgotten; an unconditional one replaces a value that must not be read again.
            if (store.LeaseToken is null)
            {
                Keep(Invalidation.ForKey(key.Category, key.Key));
            }

            return null;
        }

        try
        {
            var result = await BoundAsync(budget, (key, value, store), static (tier, s, token) => tier.SetAsync(s.key, s.value, s.store, token));
            Volatile.Write(ref _failures, 0);
            return result;
        }
        catch (Exception e)
        {
            Keep(Invalidation.ForKey(key.Category, key.Key));
            Open(Describe(e));
            return null;
        }
    }

    /// <summary>Delivers an invalidation, now or, when that fails, before the next read of the second tier.</summary>
    public async ValueTask InvalidateAsync(IReadOnlyList<Invalidation> invalidations)
    {
        if (IsUsable)
        {
            try
            {
                await BoundAsync(NewBudget(), invalidations, static async (tier, list, token) =>
                {
                    await tier.InvalidateAsync(list, token);
                    return true;
                });
                return;
            }
            catch (Exception e)
            {
                Keep(invalidations);
                Open(Describe(e));
                return;
            }
        }

        Keep(invalidations);
        Open("not connected");
    }

    /// <summary>The connection is back: probe now instead of after the wait.</summary>
    public void Wake() => Volatile.Read(ref _wake).TrySetResult();

    public void Dispose()
    {
        _stop.Cancel();
        Wake();
    }

    void Keep(params IReadOnlyList<Invalidation> invalidations)
    {
        lock (_gate)
        {
            foreach (var invalidation in invalidations)
            {
                _pending.Add(invalidation);
            }
        }

        // The breaker may have closed between the check and the keeping: what is pending must hold it open.
        Open("an invalidation is not delivered yet");
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    async ValueTask<TResult> BoundAsync<TState, TResult>(
        Budget budget, TState state, Func<ISecondTier, TState, CancellationToken, ValueTask<TResult>> call)
    {
        var bound = _bounds.TryTake(out var idle) ? idle : new CancellationTokenSource(Timeout.InfiniteTimeSpan, _options.Time);
        bound.CancelAfter(budget.Remaining);
        var start = _options.Time.GetTimestamp();
        var ended = false;
        try
        {
            var result = await BoundedCall<TResult>.RunAsync(call(_tier, state, bound.Token), bound.Token);
            ended = true;
            return result;
        }
        finally
        {
            // Only a call that has ended leaves nothing behind that listens to the token.
            if (ended && bound.TryReset() && _bounds.Count < MaxIdleBounds)
            {
                _bounds.Add(bound);
            }
            else
            {
                bound.Dispose();
            }

            budget.Spend(_options.Time.GetElapsedTime(start));
        }
    }

    void Open(string why)
    {
        lock (_gate)
        {
            if (_open || _stop.IsCancellationRequested)
            {
                return;
            }

            _wake = NewWake();
            Volatile.Write(ref _open, true);
            Outages++;
        }

        _options.Notice?.Invoke(new CacheNotice(true, $"Redis unavailable, using in-memory cache only ({why})"));
        _ = RecoverAsync();
    }

    [SuppressMessage("Reliability", "CA2016", Justification = "The wake-up ends the wait too.")]
    async Task RecoverAsync()
    {
        var delay = _options.FirstProbeDelay;
        while (!_stop.IsCancellationRequested)
        {
            await WaitAsync(delay * (0.75 + (Random.Shared.NextDouble() / 4)));
            try
            {
                await ProbeAsync();
                if (await ReplayAsync())
                {
                    _options.Notice?.Invoke(new CacheNotice(false, "Redis available again"));
                    return;
                }
            }
            catch (Exception)
            {
                // Still away: whatever the failure, the next probe comes after a longer wait.
            }

            delay = delay * 2 < _options.MaxProbeDelay ? delay * 2 : _options.MaxProbeDelay;
        }
    }

    async Task WaitAsync(TimeSpan delay)
    {
        var wake = _wake;
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        await Task.WhenAny(wake.Task, Task.Delay(delay, _options.Time, bound.Token));
        await bound.CancelAsync();
        if (wake.Task.IsCompleted)
        {
            lock (_gate)
            {
                _wake = NewWake();
            }
        }
    }

    async Task ProbeAsync()
    {
        using var bound = new CancellationTokenSource(ProbeTimeout, _options.Time);
        await _tier.PingAsync(bound.Token).AsTask().WaitAsync(bound.Token);
    }

    /// <summary>Delivers what is pending; closes the breaker in the same locked step that finds nothing left.</summary>
    async Task<bool> ReplayAsync()
    {
        while (true)
        {
            Invalidation[] batch;
            lock (_gate)
            {
                batch = _pending.Take(ReplayBatch);
                if (batch.Length == 0)
                {
                    Volatile.Write(ref _failures, 0);
                    Volatile.Write(ref _open, false);
                    return true;
                }
            }

            using var bound = new CancellationTokenSource(ReplayTimeout, _options.Time);
            await _tier.InvalidateAsync(batch, bound.Token).AsTask().WaitAsync(bound.Token);
            lock (_gate)
            {
                _pending.Delivered();
            }
        }
    }

    static string Describe(Exception e) => e is OperationCanceledException or TimeoutException ? "no answer in time" : e.Message;

    static TaskCompletionSource NewWake() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>The time that one operation may still spend on the second tier; at least a twentieth is left for each call.</summary>
internal sealed class Budget(TimeSpan total)
{
    readonly TimeSpan _least = total / 20;
    TimeSpan _left = total;

    public TimeSpan Remaining => _left > _least ? _left : _least;

    public void Spend(TimeSpan time) => _left -= time;
}
