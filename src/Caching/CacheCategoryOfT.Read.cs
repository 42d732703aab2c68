using System.Diagnostics.CodeAnalysis;
using Fettle.Caching.Loading;
using Fettle.Caching.Memory;
using Fettle.Caching.Warming;

namespace Fettle.Caching;

public sealed partial class CacheCategory<T>
{
    /// <summary>A fresh value from memory, without waiting and without allocation.</summary>
    /// <param name="key">Any string; it must name all inputs of the value.</param>
    /// <param name="value">The value, when there is one.</param>
    /// <param name="countMiss">Counts a miss as well as a hit: for a caller that answers a miss by <see cref="SetAsync"/>; a load counts its own.</param>
    public bool TryGet(string key, [MaybeNullWhen(false)] out T value, bool countMiss = false)
    {
        if (_memory.TryHit(key, _clock.Coarse, _dataVersion is null ? 0 : CurrentDataVersion, out var entry))
        {
            value = entry.Value;
            return true;
        }

        return TryGetCarefully(key, out value, countMiss);
    }

    /// <summary>A value from memory or the second tier, without loading.</summary>
    /// <returns>Whether one was found, and the value.</returns>
    public ValueTask<CacheResult<T>> GetAsync(string key, CancellationToken cancellationToken = default) =>
        _memory.TryHit(key, _clock.Coarse, _dataVersion is null ? 0 : CurrentDataVersion, out var entry)
            ? new ValueTask<CacheResult<T>>(new CacheResult<T>(entry.Value))
            : GetFromTiersAsync(key, cancellationToken);

    /// <summary>The value of the key: from memory, from the second tier, or loaded by the factory, once for all who ask at the same time.</summary>
    /// <param name="key">Any string; it must name all inputs of the value.</param>
    /// <param name="factory">Loads the value. It may outlive the caller, so it must not use what the caller disposes.</param>
    /// <param name="tags">Tags by which the value can be removed.</param>
    /// <param name="cancellationToken">Ends this caller's wait; the load goes on for the others.</param>
    /// <exception cref="TimeoutException">The load took longer than <see cref="CategoryOptions.LoadTimeout"/>.</exception>
    public ValueTask<T> GetOrCreateAsync(
        string key, Func<CancellationToken, ValueTask<T>> factory, string[]? tags = null, CancellationToken cancellationToken = default) =>
        _memory.TryHit(key, _clock.Coarse, _dataVersion is null ? 0 : CurrentDataVersion, out var entry)
            ? new ValueTask<T>(entry.Value)
            : LoadPlainAsync(key, factory, tags, cancellationToken);

    /// <summary>As the other overload, for a factory that takes its input as an argument, so that a hit allocates no closure.</summary>
    public ValueTask<T> GetOrCreateAsync<TState>(
        string key, TState state, Func<TState, CacheLoad, CancellationToken, ValueTask<T>> factory, string[]? tags = null, CancellationToken cancellationToken = default) =>
        _memory.TryHit(key, _clock.Coarse, _dataVersion is null ? 0 : CurrentDataVersion, out var entry)
            ? new ValueTask<T>(entry.Value)
            : LoadWithStateAsync(key, state, factory, tags, cancellationToken);

    // The closures live in methods of their own: a lambda in the caller would be allocated on every hit.
    ValueTask<T> LoadPlainAsync(string key, Func<CancellationToken, ValueTask<T>> factory, string[]? tags, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(factory);
        return GetOrLoadAsync(key, factory, tags, addsTags: false, cancellationToken);
    }

    ValueTask<T> LoadWithStateAsync<TState>(
        string key, TState state, Func<TState, CacheLoad, CancellationToken, ValueTask<T>> factory, string[]? tags, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(factory);
        Func<CacheLoad, CancellationToken, ValueTask<T>> bound = (load, token) => factory(state, load, token);
        return GetOrLoadAsync(key, bound, tags, addsTags: true, cancellationToken);
    }

    ValueTask<T> GetOrLoadAsync(
        string key, Delegate factory, string[]? tags, bool addsTags, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        _cache.ThrowIfDisposed();
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<T>(cancellationToken);
        }

        var hash = KeyHash.Of(key);
        var version = CurrentDataVersion;
        var now = _clock.Exact;
        Flight<T> flight;
        Flight<T>? started = null;
        CacheEntry<T>? served;
        lock (_memory.Gate)
        {
            served = _memory.Find(key, hash, now, version, out var reason);
            if (served is not null)
            {
                _memory.Touch(served);
                if (now >= served.ExpiresAt)
                {
                    _counters.StaleServed++;
                }

                if (now >= served.RefreshAt && !_flights.ContainsKey(key))
                {
                    started = Start(key, hash, factory, tags, addsTags, version, served);
                    _counters.Refreshes++;
                }

                flight = null!;
            }
            else
            {
                _counters.MissesByReason[(int)reason]++;
                _memory.SeeMiss(hash);
                if (TryJoin(key, version) is { } running)
                {
                    _counters.Coalesced++;
                    running.IsWarming &= WarmScope.IsActive;
                    flight = running;
                }
                else
                {
                    flight = started = Start(key, hash, factory, tags, addsTags, version, previous: null);
                }
            }
        }

        if (started is not null && served is null && _second is not null && !Options.OneLoadPerCluster)
        {
            return LeadAsync(started, cancellationToken);
        }

        if (started is not null)
        {
            _ = RunAsync(started);
        }

        return served is not null ? new ValueTask<T>(served.Value)
            : new ValueTask<T>(cancellationToken.CanBeCanceled ? flight.Task.WaitAsync(cancellationToken) : flight.Task);
    }

    bool TryGetCarefully(string key, [MaybeNullWhen(false)] out T value, bool countMiss = false)
    {
        ArgumentNullException.ThrowIfNull(key);
        var now = _clock.Exact;
        var version = CurrentDataVersion;
        lock (_memory.Gate)
        {
            // A value past its time to live stays where it is: it may still be served stale by a caller that can reload it.
            var hash = KeyHash.Of(key);
            if (_memory.Find(key, hash, now, version, out var reason) is { } entry && now < entry.ExpiresAt)
            {
                _memory.Touch(entry);
                value = entry.Value;
                return true;
            }

            if (countMiss)
            {
                _counters.MissesByReason[(int)reason]++;
                _memory.SeeMiss(hash);
            }
        }

        value = default;
        return false;
    }

    /// <summary>The flight of the key that a caller of now may wait for. Under the lock.</summary>
    Flight<T>? TryJoin(string key, long version) =>
        _flights.TryGetValue(key, out var flight)
        && !flight.IsProbe
        && flight.DataVersion >= version
        && IsAlive(flight, flight.Tags)
        && !(flight.AddsTags && _memory.IsAnyTagRemovedSince(flight.StartSequence))
            ? flight
            : null;

    /// <summary>Puts a new flight into the table; one that stood there is dead from now on. Under the lock.</summary>
    Flight<T> Start(
        string key, uint hash, Delegate factory, string[]? tags, bool addsTags, long version, CacheEntry<T>? previous)
    {
        if (_flights.TryGetValue(key, out var older))
        {
            older.IsDead = true;
        }

        var flight = new Flight<T>(key, hash, tags ?? [], factory)
        {
            AddsTags = addsTags,
            DataVersion = version,
            IsRefresh = previous is not null,
            ReplacesDead = older is not null,
            Previous = previous,
            StartSequence = _memory.Sequence,
            IsWarming = previous is null && WarmScope.IsActive,
        };
        _flights[key] = flight;
        return flight;
    }
}

/// <summary>The answer of a read that does not load.</summary>
/// <typeparam name="T">The category's value type.</typeparam>
public readonly struct CacheResult<T>
{
    internal CacheResult(T value)
    {
        Found = true;
        Value = value;
    }

    /// <summary>Whether a fresh value was found; it may be null.</summary>
    public bool Found { get; }

    /// <summary>The value, or the default of the type.</summary>
    public T? Value { get; }
}
