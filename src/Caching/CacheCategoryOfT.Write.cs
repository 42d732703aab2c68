using Fettle.Caching.Loading;
using Fettle.Caching.Memory;
using Fettle.Caching.Serialization;

namespace Fettle.Caching;

public sealed partial class CacheCategory<T>
{
    /// <summary>
    /// Puts a value into both tiers. Loads that run cannot overwrite it. When two sets of a key overlap, the memory tier keeps neither and
    /// the second tier decides.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <param name="timeToLive">How long it is fresh; null takes the category's.</param>
    /// <param name="tags">Tags by which it can be removed.</param>
    public ValueTask SetAsync(string key, T value, TimeSpan? timeToLive = null, string[]? tags = null)
    {
        ArgumentNullException.ThrowIfNull(key);
        _cache.ThrowIfDisposed();
        var fresh = timeToLive is { } given
            ? Guard.Range(given, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(3650), nameof(timeToLive))
            : TimeToLiveOf(value, null);
        if (fresh <= TimeSpan.Zero)
        {
            return RemoveAsync(key);
        }

        if (_second is not null)
        {
            return SetBothAsync(key, value, fresh, tags ?? []);
        }

        var entry = NewEntry(key, KeyHash.Of(key), value, fresh, isCoherent: true, tags ?? [], 0, CurrentDataVersion, 0);
        List<Evicted<T>>? evicted = null;
        lock (_memory.Gate)
        {
            KillFlight(key);
            _memory.Put(entry, ref evicted);
        }

        Tell(evicted);
        _cache.TrimToBudget();
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override async ValueTask RemoveAsync(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        _cache.ThrowIfDisposed();
        Forget(key);
        if (_second is not null)
        {
            try
            {
                await _second.InvalidateAsync([Invalidation.ForKey(Name, key)]);
            }
            finally
            {
                // A read that overlapped may have fetched the value before the second tier dropped it.
                Forget(key);
            }
        }
    }

    /// <inheritdoc/>
    public override ValueTask RemoveByPrefixAsync(string prefix)
    {
        ArgumentException.ThrowIfNullOrEmpty(prefix);
        return InvalidateAsync(Invalidation.ForPrefix(Name, prefix));
    }

    /// <inheritdoc/>
    public override ValueTask RemoveByPatternAsync(string glob)
    {
        ArgumentException.ThrowIfNullOrEmpty(glob);
        return InvalidateAsync(Invalidation.ForPattern(Name, glob));
    }

    /// <inheritdoc/>
    public override ValueTask ClearAsync() => InvalidateAsync(Invalidation.ForCategory(Name));

    internal override void ApplyLocally(in Invalidation invalidation)
    {
        if (invalidation.Kind == InvalidationKind.Key)
        {
            Forget(invalidation.Argument, isAnnouncement: true);
            return;
        }

        lock (_memory.Gate)
        {
            if (invalidation.Kind is InvalidationKind.Category or InvalidationKind.Everything)
            {
                _memory.Clear();
                WakeWaiting();
            }
            else
            {
                _memory.Invalidate(invalidation);
                WakeWaiting();
            }
        }
    }

    internal override void ConnectionLost()
    {
        if (_second is not null)
        {
            ApplyLocally(Invalidation.ForCategory(Name));
        }
    }

    async ValueTask InvalidateAsync(Invalidation invalidation)
    {
        _cache.ThrowIfDisposed();
        try
        {
            if (_second is not null)
            {
                await _second.InvalidateAsync([invalidation]);
            }
        }
        finally
        {
            ApplyLocally(invalidation);
        }
    }

    async ValueTask SetBothAsync(string key, T value, TimeSpan fresh, string[] tags)
    {
        var version = CurrentDataVersion;
        RunningSet running;
        long sequence;
        lock (_memory.Gate)
        {
            KillFlight(key);
            _memory.Remove(key, MissReason.Invalidated);
            sequence = _memory.Sequence;
            if (!_sets.TryGetValue(key, out running!))
            {
                _sets[key] = running = new RunningSet();
            }

            running.IsDisturbed |= running.Count > 0;
            running.Count++;
        }

        SecondTierWrite? write = null;
        var length = 0;
        try
        {
            var bytes = Encode(key, value, new EnvelopeHeader(version, 0, (long)Options.StaleWindow.TotalMilliseconds, tags));
            if (bytes is null)
            {
                await _second!.InvalidateAsync([Invalidation.ForKey(Name, key)]);
            }
            else
            {
                length = bytes.Length;
                write = await _second!.StoreAsync(
                    _second.NewBudget(), new SecondTierKey(Name, key), bytes, new SecondTierStore(fresh + Options.StaleWindow, tags, null));
            }
        }
        finally
        {
            var entry = NewEntry(key, KeyHash.Of(key), value, fresh, isCoherent: write is not null, tags, 0, version, length);
            List<Evicted<T>>? evicted = null;
            lock (_memory.Gate)
            {
                KillFlight(key);
                _memory.Remove(key, MissReason.Invalidated);
                // Superseded: another node changed the key meanwhile, which counts as later.
                if (!running.IsDisturbed && write != SecondTierWrite.Superseded && !_memory.IsCovered(sequence, key, tags))
                {
                    _memory.Put(entry, ref evicted);
                }

                if (--running.Count == 0)
                {
                    _sets.Remove(key);
                }
            }

            Tell(evicted);
            _cache.TrimToBudget();
        }
    }

    void Forget(string key, bool isAnnouncement = false)
    {
        lock (_memory.Gate)
        {
            if (isAnnouncement && _flights.TryGetValue(key, out var waiting) && waiting.Announcement is { } announcement)
            {
                // It waits for exactly this, or is about to read: it reads again, so what it ends with is not older. (A read that is
                // under way is covered by the wait that follows it, or by the sequence it takes when it is armed again.)
                announcement.TrySetResult();
                waiting.StartSequence = -1;
            }
            else
            {
                KillFlight(key);
            }

            _memory.Remove(key, MissReason.Invalidated);
            if (_sets.TryGetValue(key, out var running))
            {
                running.IsDisturbed = true;
            }
        }
    }

    /// <summary>Under the lock.</summary>
    void KillFlight(string key)
    {
        if (_flights.Remove(key, out var flight))
        {
            flight.IsDead = true;
            flight.Announcement?.TrySetResult();
        }
    }

    /// <summary>Loads that wait for another node read again: what they wait for may be covered. Under the lock.</summary>
    void WakeWaiting()
    {
        foreach (var flight in _flights.Values)
        {
            flight.Announcement?.TrySetResult();
        }
    }
}
