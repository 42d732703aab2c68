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
/// <item>An outage is told once, whether or not anybody uses the cache. A tier that has not connected yet is not called unavailable before
/// its first attempt, or the first probe, has failed.</item>
/// </list>
/// </summary>
internal sealed class SecondTierGuard : IDisposable
{
    static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(1);
    static readonly TimeSpan ReplayTimeout = TimeSpan.FromSeconds(5);
    const int ReplayBatch = 256;
    const string NotConnected = "not connected";

    readonly ISecondTier _tier;
    readonly FettleCacheOptions _options;
    readonly Lock _gate = new();
    readonly SharedDeadlines _deadlines;
    readonly PendingInvalidations _pending;
    readonly CancellationTokenSource _stop = new();
    TaskCompletionSource _wake = NewWake();
    int _failures;
    bool _open;
    bool _isSettled;
    bool _isTold;

    public SecondTierGuard(ISecondTier tier, FettleCacheOptions options)
    {
        _tier = tier;
        _options = options;
        _deadlines = new SharedDeadlines(options.Time, options.SecondTierBudget);
        _pending = new PendingInvalidations(options.MaxPendingInvalidations);
        _isSettled = tier.State == SecondTierState.Available;
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

            Open(NotConnected);
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
    public Budget NewBudget() => new(_options.SecondTierBudget, isUsual: true);

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
            using var bound = new Bound(this, budget);
            var result = await BoundedCall<TResult>.RunAsync(call(_tier, state, bound.Token), bound.Token);
            ForgetFailures();
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
            using var bound = new Bound(this, budget);
            var result = await BoundedCall<SecondTierWrite>.RunAsync(_tier.SetAsync(key, value, store, bound.Token), bound.Token);
            ForgetFailures();
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
                using var bound = new Bound(this, NewBudget());
                await BoundedCall<bool>.RunAsync(SendAsync(invalidations, bound.Token), bound.Token);
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
        Open(NotConnected);
    }

    /// <summary>Announcements may be lost; when that is because the connection is, an outage has begun.</summary>
    public void Lost()
    {
        if (_tier.State != SecondTierState.Available)
        {
            Settle();
            Open(NotConnected);
            Tell(NotConnected);
        }
    }

    /// <summary>The connection is back: probe now instead of after the wait.</summary>
    public void Wake()
    {
        Settle();
        Volatile.Read(ref _wake).TrySetResult();
    }

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

    async ValueTask<bool> SendAsync(IReadOnlyList<Invalidation> invalidations, CancellationToken token)
    {
        await _tier.InvalidateAsync(invalidations, token);
        return true;
    }

    /// <summary>Almost always there are none, and then the threads only read.</summary>
    void ForgetFailures()
    {
        if (Volatile.Read(ref _failures) != 0)
        {
            Volatile.Write(ref _failures, 0);
        }
    }

    void Open(string why)
    {
        bool isSettled;
        lock (_gate)
        {
            if (_open || _stop.IsCancellationRequested)
            {
                return;
            }

            _wake = NewWake();
            Volatile.Write(ref _open, true);
            isSettled = _isSettled;
        }

        if (isSettled)
        {
            Tell(why);
        }

        _ = RecoverAsync();
    }

    /// <summary>From now on a tier that cannot be used has an outage: it was there, or an attempt to reach it has failed.</summary>
    void Settle()
    {
        lock (_gate)
        {
            _isSettled = true;
        }
    }

    /// <summary>Says that the tier is away, once in an outage.</summary>
    void Tell(string why)
    {
        lock (_gate)
        {
            if (!_open || _isTold || _stop.IsCancellationRequested)
            {
                return;
            }

            _isTold = true;
            Outages++;
        }

        _options.Notice?.Invoke(new CacheNotice(true, $"Redis unavailable, using in-memory cache only ({why})"));
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
                }

                return;
            }
            catch (Exception e)
            {
                // Still away: whatever the failure, the next probe comes after a longer wait.
                Settle();
                Tell(_tier.State == SecondTierState.Available ? Describe(e) : NotConnected);
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

    /// <summary>Delivers what is pending; closes the breaker in the same locked step that finds nothing left. True when the outage was told.</summary>
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
                    var wasTold = _isTold;
                    _isTold = false;
                    return wasTold;
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

    /// <summary>The token of one call, whose time the budget pays.</summary>
    readonly struct Bound : IDisposable
    {
        readonly SecondTierGuard _guard;
        readonly Budget _budget;
        readonly CancellationTokenSource? _own;
        readonly long _start;

        public Bound(SecondTierGuard guard, Budget budget)
        {
            (_guard, _budget) = (guard, budget);
            _own = budget.IsUsual ? null : new CancellationTokenSource(budget.Remaining, guard._options.Time);
            Token = _own?.Token ?? guard._deadlines.Next();
            _start = guard._options.Time.GetTimestamp();
        }

        public CancellationToken Token { get; }

        public void Dispose()
        {
            _own?.Dispose();
            _budget.Spend(_guard._options.Time.GetElapsedTime(_start));
        }
    }

    static string Describe(Exception e) => e is OperationCanceledException or TimeoutException ? "no answer in time" : e.Message;

    static TaskCompletionSource NewWake() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>The time that one operation may still spend on the second tier; at least a twentieth is left for each call.</summary>
/// <param name="total">The time.</param>
/// <param name="isUsual">Whether it is the time that every operation has.</param>
internal sealed class Budget(TimeSpan total, bool isUsual = false)
{
    readonly TimeSpan _total = total;
    TimeSpan _left = total;

    /// <summary>Whether it is the usual one and hardly any of it is spent, so that a shared deadline fits.</summary>
    public bool IsUsual => isUsual && _left >= _total * 15 / 16;

    public TimeSpan Remaining => _left > _total / 20 ? _left : _total / 20;

    public void Spend(TimeSpan time) => _left -= time;
}
