namespace Fettle.Caching.Statistics;

/// <summary>
/// The keys with most weight in a stream, in bounded memory: Space-Saving (Metwally, Agrawal, El Abbadi 2005). A key that is not held takes
/// the place of the lightest and inherits its weight, so a weight is never too small and too large by at most the lightest weight held.
/// All weights are halved after so many hits, so that yesterday's favourites make room.
/// </summary>
internal sealed class HeavyHitters(int capacity, long hitsUntilHalved = 1 << 20)
{
    long _hits;
    readonly Dictionary<string, (long Hits, long Saved)> _held = new(capacity, StringComparer.Ordinal);

    public void Add(string key, long hits, long savedMicroseconds)
    {
        _hits += hits;
        if (_hits >= hitsUntilHalved)
        {
            _hits = 0;
            Halve();
        }

        if (_held.TryGetValue(key, out var known))
        {
            _held[key] = (known.Hits + hits, known.Saved + savedMicroseconds);
            return;
        }

        var inherited = 0L;
        if (_held.Count >= capacity)
        {
            var lightest = _held.MinBy(p => p.Value.Hits);
            _held.Remove(lightest.Key);
            inherited = lightest.Value.Hits;
        }

        _held[key] = (inherited + hits, savedMicroseconds);
    }

    void Halve()
    {
        foreach (var (key, weight) in _held.ToArray())
        {
            if (weight.Hits <= 1)
            {
                _held.Remove(key);
            }
            else
            {
                _held[key] = (weight.Hits / 2, weight.Saved / 2);
            }
        }
    }

    public KeyUse[] ToArray() => [.. _held.Select(p => new KeyUse(p.Key, p.Value.Hits, p.Value.Saved))];
}

/// <summary>How much a key was used: hits and the microseconds of loading they saved, both estimated.</summary>
internal readonly record struct KeyUse(string Key, long Hits, long SavedMicroseconds, bool IsLive = false);
