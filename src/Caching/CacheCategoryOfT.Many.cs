using System.Diagnostics.CodeAnalysis;
using Fettle.Caching.Loading;
using Fettle.Caching.Memory;
using Fettle.Caching.SecondTier;
using Fettle.Caching.Warming;

namespace Fettle.Caching;

public sealed partial class CacheCategory<T>
{
    /// <summary>
    /// The values of many keys: from memory, then the rest from the second tier in one round trip, then the rest from the factory in one call.
    /// A key that another caller loads already is awaited, not loaded again.
    /// </summary>
    /// <param name="keys">The keys; repeated ones are answered once.</param>
    /// <param name="factory">Loads the keys it is given and returns a value for each.</param>
    /// <param name="tags">Tags of the loaded values.</param>
    /// <param name="cancellationToken">Ends this caller's wait.</param>
    /// <exception cref="KeyNotFoundException">The factory did not return a key it was asked for.</exception>
    public async ValueTask<IReadOnlyDictionary<string, T>> GetOrCreateManyAsync(
        IReadOnlyList<string> keys,
        Func<IReadOnlyList<string>, CancellationToken, ValueTask<IReadOnlyDictionary<string, T>>> factory,
        string[]? tags = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(factory);
        _cache.ThrowIfDisposed();
        var found = new Dictionary<string, T>(keys.Count, StringComparer.Ordinal);
        List<Flight<T>>? waiting = null;
        List<Flight<T>>? started = null;
        var version = CurrentDataVersion;
        foreach (var key in keys)
        {
            if (found.ContainsKey(key))
            {
                continue;
            }

            if (_memory.TryHit(key, _clock.Coarse, version, out var entry))
            {
                found[key] = entry.Value;
                continue;
            }

            JoinOrStart(key, tags, version, found, ref waiting, ref started);
        }

        if (started is not null)
        {
            _ = RunManyAsync(started, factory);
        }

        foreach (var flight in waiting ?? [])
        {
            found[flight.Key] = await flight.Task.WaitAsync(cancellationToken);
        }

        return found;
    }

    void JoinOrStart(string key, string[]? tags, long version, Dictionary<string, T> found, ref List<Flight<T>>? waiting, ref List<Flight<T>>? started)
    {
        var hash = KeyHash.Of(key);
        var now = _clock.Exact;
        lock (_memory.Gate)
        {
            if (_memory.Find(key, hash, now, version, out var reason) is { } entry && now < entry.ExpiresAt)
            {
                _memory.Touch(entry);
                found[key] = entry.Value;
                return;
            }

            if (waiting is not null && _flights.TryGetValue(key, out var own) && waiting.Contains(own))
            {
                return;
            }

            _counters.MissesByReason[(int)reason]++;
            _memory.SeeMiss(hash);
            if (TryJoin(key, version) is { } running)
            {
                _counters.Coalesced++;
                running.IsWarming &= WarmScope.IsActive;
                (waiting ??= []).Add(running);
                return;
            }

            var flight = Start(key, hash, NoFactory, tags, addsTags: false, version, previous: null);
            (waiting ??= []).Add(flight);
            (started ??= []).Add(flight);
        }
    }

    static readonly Func<CancellationToken, ValueTask<T>> NoFactory = _ => throw new InvalidOperationException("loaded with others");

    [SuppressMessage("Design", "CA1031", Justification = "Whatever the factory throws goes to the callers.")]
    async Task RunManyAsync(List<Flight<T>> flights, Func<IReadOnlyList<string>, CancellationToken, ValueTask<IReadOnlyDictionary<string, T>>> factory)
    {
        try
        {
            var budget = _second?.NewBudget();
            var toLoad = budget is null ? [.. flights.Select(f => (f, default(SecondTierLease)))] : await ReadManyAsync(flights, budget);
            if (toLoad.Count == 0)
            {
                return;
            }

            var start = _cache.Time.GetTimestamp();
            IReadOnlyDictionary<string, T> values;
            using (var timeout = new CancellationTokenSource(Options.LoadTimeout, _cache.Time))
            using (timeout.Token.UnsafeRegister(_ => toLoad.ForEach(l => TimeOut(l.Flight)), null))
            {
                Interlocked.Increment(ref _counters.Loads);
                values = await factory([.. toLoad.Select(l => l.Flight.Key)], timeout.Token);
            }

            var elapsed = _cache.Time.GetElapsedTime(start).TotalMicroseconds;
            Interlocked.Add(ref _counters.LoadMicroseconds, (long)elapsed);
            var each = (int)Math.Min(elapsed / toLoad.Count, int.MaxValue);
            await Task.WhenAll(toLoad.Select(l => KeepOneAsync(l.Flight, l.Lease, values, each, _second?.NewBudget())));
        }
        catch (Exception e)
        {
            Interlocked.Increment(ref _counters.LoadFailures);
            foreach (var flight in flights)
            {
                Land(flight);
                flight.Fail(e);
            }
        }
    }

    async Task KeepOneAsync(Flight<T> flight, SecondTierLease lease, IReadOnlyDictionary<string, T> values, int microseconds, Budget? budget)
    {
        if (!values.TryGetValue(flight.Key, out var value))
        {
            Land(flight);
            flight.Fail(new KeyNotFoundException($"the factory of category '{Name}' returned no value for '{flight.Key}': return one for every key it is given"));
            return;
        }

        await KeepAsync(flight, value, new CacheLoad(flight.Key, flight.Tags), microseconds, lease, budget);
        flight.Succeed(value);
    }

    async ValueTask<List<(Flight<T> Flight, SecondTierLease Lease)>> ReadManyAsync(List<Flight<T>> flights, Budget budget)
    {
        IReadOnlyList<SecondTierKey> keys = [.. flights.Select(f => new SecondTierKey(Name, f.Key))];
        var (answered, values) = await _second!.ReadAsync(
            budget,
            (keys, Lease: new LeaseRequest(Options.LeaseTime)),
            static (tier, s, token) => tier.GetManyAsync(s.keys, s.Lease, token));
        var missing = new List<(Flight<T>, SecondTierLease)>();
        for (var i = 0; i < flights.Count; i++)
        {
            if (!answered)
            {
                Interlocked.Increment(ref _counters.SecondTierFailures);
                missing.Add((flights[i], default));
                continue;
            }

            using var value = values[i];
            if (!value.Found)
            {
                Interlocked.Increment(ref _counters.SecondTierMisses);
                missing.Add((flights[i], value.Lease));
            }
            else if (!TryAccept(flights[i], value))
            {
                // There is a value, but it is damaged or of older data: the lease to replace it has to be asked for.
                var (leased, lease) = await _second.ReadAsync(
                    budget,
                    (Key: keys[i], Lease: new LeaseRequest(Options.LeaseTime)),
                    static (tier, s, token) => tier.LeaseAsync(s.Key, s.Lease, token));
                missing.Add((flights[i], leased ? lease : default));
            }
        }

        return missing;
    }

    async ValueTask<CacheResult<T>> GetFromTiersAsync(string key, CancellationToken cancellationToken)
    {
        if (TryGetCarefully(key, out var value))
        {
            return new CacheResult<T>(value);
        }

        _cache.ThrowIfDisposed();
        var version = CurrentDataVersion;
        Flight<T>? running;
        Flight<T>? probe = null;
        lock (_memory.Gate)
        {
            running = TryJoin(key, version);
            if (running is null && _second is not null)
            {
                probe = Start(key, KeyHash.Of(key), NoFactory, null, addsTags: false, version, previous: null);
                probe.IsProbe = true;
            }
        }

        if (running is not null)
        {
            return new CacheResult<T>(await running.Task.WaitAsync(cancellationToken));
        }

        if (probe is null)
        {
            return default;
        }

        var (answered, read) = await _second!.ReadAsync(
            _second.NewBudget(), new SecondTierKey(Name, key), static (tier, k, token) => tier.GetAsync(k, LeaseRequest.None, token));
        using (read)
        {
            if (answered && read.Found && TryAccept(probe, read))
            {
                return new CacheResult<T>(await probe.Task);
            }
        }

        Land(probe);
        return default;
    }
}
