using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Fettle.Caching.Loading;
using Fettle.Caching.Memory;
using Fettle.Caching.SecondTier;
using Fettle.Caching.Serialization;

namespace Fettle.Caching;

public sealed partial class CacheCategory<T>
{
    /// <summary>
    /// Runs a flight: (1) read the second tier, taking a lease on a miss; (2) where the category wants one load per cluster and another
    /// node holds the lease, wait for its announcement and read again; (3) call the factory within its time; (4) store in the second tier
    /// under the lease; (5) store in memory if nothing covered the key meanwhile and the second tier did not refuse.
    /// </summary>
    [SuppressMessage("Design", "CA1031", Justification = "Whatever the factory throws goes to the callers.")]
    async Task RunAsync(Flight<T> flight)
    {
        try
        {
            var budget = _second?.NewBudget();
            var (isRead, lease) = budget is null ? (false, default) : await ReadSecondTierAsync(flight, budget);
            if (!isRead)
            {
                await LoadAsync(flight, lease, budget);
            }
        }
        catch (Exception e)
        {
            await FailAsync(flight, e);
        }
    }

    /// <summary>
    /// The same for a caller who waits: a hit in the second tier is returned from here and allocates no task. The wait for the second
    /// tier is bounded by its budget, so it need not listen to the caller's token.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    async ValueTask<T> LeadAsync(Flight<T> flight, CancellationToken cancellationToken)
    {
        var budget = _second!.NewBudget();
        SecondTierLease lease;
        try
        {
            var (answered, read) = await AskAsync(flight, budget);
            if (Accept(flight, answered, read))
            {
                return flight.Value;
            }

            (_, lease) = await LeaseAsync(flight, budget, answered, read.Lease);
        }
        catch (Exception e)
        {
            await FailAsync(flight, e);
            throw;
        }

        _ = LoadOrFailAsync(flight, lease, budget);
        return await flight.Task.WaitAsync(cancellationToken);
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever the factory throws goes to the callers.")]
    async Task LoadOrFailAsync(Flight<T> flight, SecondTierLease lease, Budget budget)
    {
        try
        {
            await LoadAsync(flight, lease, budget);
        }
        catch (Exception e)
        {
            await FailAsync(flight, e);
        }
    }

    async Task LoadAsync(Flight<T> flight, SecondTierLease lease, Budget? budget)
    {
        var load = new CacheLoad(flight.Key, flight.Tags);
        var start = _cache.Time.GetTimestamp();
        T value;
        using (var timeout = new CancellationTokenSource(Options.LoadTimeout, _cache.Time))
        using (timeout.Token.UnsafeRegister(_ => TimeOut(flight), null))
        {
            Interlocked.Increment(ref _counters.Loads);
            value = await flight.LoadAsync(load, timeout.Token);
        }

        var microseconds = (int)Math.Min(_cache.Time.GetElapsedTime(start).TotalMicroseconds, int.MaxValue);
        Interlocked.Add(ref _counters.LoadMicroseconds, microseconds);
        await KeepAsync(flight, value, load, microseconds, lease, budget);
        flight.Succeed(value);
    }

    ValueTask FailAsync(Flight<T> flight, Exception error)
    {
        Interlocked.Increment(ref _counters.LoadFailures);
        Land(flight);
        flight.Fail(error);
        return GiveLeaseBackAsync(flight);
    }

    /// <summary>Other nodes may wait for this load: dropping the key ends its lease and tells them to try themselves.</summary>
    ValueTask GiveLeaseBackAsync(Flight<T> flight) => Options.OneLoadPerCluster && flight.OwnsLease
        ? _second!.InvalidateAsync([Invalidation.ForKey(Name, flight.Key)])
        : ValueTask.CompletedTask;

    /// <summary>Reads the second tier for a flight.</summary>
    /// <returns>Whether it was answered from there, and the lease to store under; no lease, no store.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    async ValueTask<(bool IsRead, SecondTierLease Lease)> ReadSecondTierAsync(Flight<T> flight, Budget budget)
    {
        var deadline = _clock.Exact + (long)Options.LeaseTime.TotalMilliseconds;
        while (true)
        {
            Arm(flight);
            var (answered, read) = await AskAsync(flight, budget);
            if (Accept(flight, answered, read))
            {
                return (true, default);
            }

            (answered, var lease) = await LeaseAsync(flight, budget, answered, read.Lease);
            if (!answered)
            {
                return default;
            }

            var wait = deadline - _clock.Exact;
            if (!Options.OneLoadPerCluster || lease.IsOwner || flight.ReplacesDead || wait <= 0)
            {
                lock (_memory.Gate)
                {
                    flight.OwnsLease = lease.IsOwner;
                    flight.Announcement = null;
                }

                return (false, lease);
            }

            await WaitForOtherNodeAsync(flight, TimeSpan.FromMilliseconds(wait));
        }
    }

    ValueTask<(bool Answered, SecondTierValue Read)> AskAsync(Flight<T> flight, Budget budget) => _second!.ReadAsync(
        budget,
        (Key: new SecondTierKey(Name, flight.Key), Lease: new LeaseRequest(Options.LeaseTime)),
        static (tier, s, token) => tier.GetAsync(s.Key, s.Lease, token));

    /// <summary>Takes the answer of the second tier; false when the flight has to load.</summary>
    bool Accept(Flight<T> flight, bool answered, in SecondTierValue read)
    {
        using var given = read;
        if (read.Found)
        {
            return TryAccept(flight, read);
        }

        Interlocked.Increment(ref (answered ? ref _counters.SecondTierMisses : ref _counters.SecondTierFailures));
        return false;
    }

    /// <summary>The lease that came with the answer. Where there was a value, but one to be replaced (refresh, older data, damaged), it has to be asked for.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    async ValueTask<(bool Answered, SecondTierLease Lease)> LeaseAsync(Flight<T> flight, Budget budget, bool answered, SecondTierLease given)
    {
        if (!answered || given.Token is not null)
        {
            return (answered, given);
        }

        var asked = await _second!.ReadAsync(
            budget,
            (Key: new SecondTierKey(Name, flight.Key), Lease: new LeaseRequest(Options.LeaseTime)),
            static (tier, s, token) => tier.LeaseAsync(s.Key, s.Lease, token));
        if (!asked.Answered)
        {
            Interlocked.Increment(ref _counters.SecondTierFailures);
        }

        return asked;
    }

    /// <summary>From here on an announcement ends a wait: it is armed before the read, so that none falls between the two.</summary>
    void Arm(Flight<T> flight)
    {
        if (Options.OneLoadPerCluster)
        {
            lock (_memory.Gate)
            {
                flight.Announcement = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                flight.StartSequence = _memory.Sequence;
            }
        }
    }

    async ValueTask WaitForOtherNodeAsync(Flight<T> flight, TimeSpan wait)
    {
        try
        {
            await flight.Announcement!.Task.WaitAsync(wait, _cache.Time);
        }
        catch (TimeoutException)
        {
            // The other node crashed or is slow: its lease has ended, so the next read may own a new one.
        }
    }

    /// <summary>Decodes and keeps a value of the second tier; false when it cannot be used and must be loaded.</summary>
    bool TryAccept(Flight<T> flight, in SecondTierValue read)
    {
        T value;
        EnvelopeHeader header;
        try
        {
            value = Envelope.Read(read.Bytes.Span, _serializer!, Options.MaxStoredBytes + 65_536, Envelope.Place(Name, flight.Key), out header);
        }
        catch (Exception)
        {
            Interlocked.Increment(ref _counters.SecondTierCorrupt);
            Interlocked.Increment(ref _counters.SecondTierMisses);
            return false;
        }

        var fresh = read.Remaining - TimeSpan.FromMilliseconds(header.StaleMilliseconds);
        if (header.DataVersion < flight.DataVersion
            || fresh <= TimeSpan.Zero
            || (flight.Previous is { } previous && !IsClearlyNewer(fresh, previous)))
        {
            Interlocked.Increment(ref _counters.SecondTierMisses);
            return false;
        }

        Interlocked.Increment(ref _counters.SecondTierHits);
        var entry = NewEntry(flight.Key, flight.Hash, value, fresh, isCoherent: true, header.Tags, header.LoadMicroseconds, header.DataVersion, read.Bytes.Length);
        Land(flight, entry);
        flight.Succeed(value);
        return true;
    }

    /// <summary>A refresh takes what another node has refreshed already, but not the very value it is to replace.</summary>
    bool IsClearlyNewer(TimeSpan fresh, CacheEntry<T> previous) =>
        _clock.Exact + (long)fresh.TotalMilliseconds > previous.LoadedUntil + 20 + (long)(CurrentTimeToLive.TotalMilliseconds / 20);

    /// <summary>Keeps a loaded value in the tiers that still want it.</summary>
    async ValueTask KeepAsync(Flight<T> flight, T value, CacheLoad load, int microseconds, SecondTierLease lease, Budget? budget)
    {
        Tune(flight.Hash, value);
        var timeToLive = TimeToLiveOf(value, load.TimeToLive);
        if (!load.Keep || timeToLive <= TimeSpan.Zero)
        {
            Land(flight);
            return;
        }

        var tags = load.Tags;
        var stored = 0;
        var isCoherent = _second is null;
        if (lease.Token is not null)
        {
            // A dead flight stores too: the lease alone decides whether the second tier takes the value, and others may wait for it.
            var bytes = Encode(flight.Key, value, new EnvelopeHeader(flight.DataVersion, microseconds, (long)Options.StaleWindow.TotalMilliseconds, tags));
            if (bytes is not null)
            {
                stored = bytes.Length;
                var write = await _second!.StoreAsync(
                    budget!, new SecondTierKey(Name, flight.Key), bytes, new SecondTierStore(timeToLive + Options.StaleWindow, tags, lease.Token));
                if (write == SecondTierWrite.Superseded)
                {
                    RefuseStore(flight);
                    return;
                }

                isCoherent = write == SecondTierWrite.Stored;
            }
            else
            {
                // Too long for the second tier, but the lease was taken there, so later changes are announced.
                isCoherent = true;
            }
        }

        Land(flight, NewEntry(flight.Key, flight.Hash, value, timeToLive, isCoherent, tags, microseconds, flight.DataVersion, stored));
    }

    void RefuseStore(Flight<T> flight)
    {
        lock (_memory.Gate)
        {
            _counters.StoresRefused++;
            flight.IsDead = true;
        }

        Land(flight);
    }

    /// <summary>Ends a flight: it leaves the table, and its entry enters memory if nothing covered the key since it began.</summary>
    void Land(Flight<T> flight, CacheEntry<T>? entry = null)
    {
        List<Evicted<T>>? evicted = null;
        lock (_memory.Gate)
        {
            if (_flights.TryGetValue(flight.Key, out var current) && current == flight)
            {
                _flights.Remove(flight.Key);
            }

            if (entry is not null)
            {
                if (IsAlive(flight, entry.Tags))
                {
                    if (flight.IsWarming)
                    {
                        MarkWarmed(entry);
                    }

                    _memory.Put(entry, ref evicted);
                }
                else
                {
                    _counters.StoresRefused++;
                }
            }
        }

        Tell(evicted);
        _cache.TrimToBudget();
    }

    /// <summary>The factory hangs: its callers give up and the key is free. What it returns later is not stored.</summary>
    void TimeOut(Flight<T> flight)
    {
        lock (_memory.Gate)
        {
            flight.IsDead = true;
        }

        Land(flight);
        try
        {
            Throw.FactoryTimedOut(Name, flight.Key, Options.LoadTimeout);
        }
        catch (TimeoutException e)
        {
            flight.Fail(e);
        }
    }

    TimeSpan TimeToLiveOf(T value, TimeSpan? given) =>
        given ?? (value is null && Options.NegativeTimeToLive is { } negative ? negative : CurrentTimeToLive);

    byte[]? Encode(string key, T value, in EnvelopeHeader header)
    {
        var bytes = Envelope.Write(value, header, _serializer!, Options.CompressAbove ?? int.MaxValue, Envelope.Place(Name, key));
        return bytes.Length <= Options.MaxStoredBytes ? bytes : null;
    }

    CacheEntry<T> NewEntry(
        string key, uint hash, T value, TimeSpan fresh, bool isCoherent, string[] tags, int microseconds, long dataVersion, int storedBytes)
    {
        var now = _clock.Exact;
        var inMemory = Options.MemoryTimeToLive ?? (_second is null ? fresh : TimeSpan.FromSeconds(60));
        if (!isCoherent && inMemory > Options.StalenessBound)
        {
            inMemory = Options.StalenessBound;
        }

        var isWhole = fresh <= inMemory;
        var expires = now + Math.Max(1, (long)(isWhole ? fresh : inMemory).TotalMilliseconds);
        var refresh = Options.RefreshAhead == 0 ? long.MaxValue
            : now + (long)(fresh.TotalMilliseconds - (CurrentTimeToLive.TotalMilliseconds * (1 - Options.RefreshAhead)));
        return new CacheEntry<T>(key, hash, MapHash.Of(key), value)
        {
            ExpiresAt = expires,
            LoadedUntil = now + (long)fresh.TotalMilliseconds,
            FreshUntil = Math.Min(expires, Math.Max(refresh, now + 1)),
            StaleUntil = isWhole ? expires + (long)Options.StaleWindow.TotalMilliseconds : expires,
            DataVersion = dataVersion,
            Tags = tags,
            LoadMicroseconds = microseconds,
            Bytes = EntrySize.Of(key, value, tags, storedBytes, _sizeOf),
        };
    }
}
