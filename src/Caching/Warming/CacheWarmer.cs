using Fettle.Caching.Warming;

namespace Fettle.Caching;

/// <summary>Fills one category before it is asked: knows which keys are worth it and how to load one.</summary>
public interface ICacheWarmer
{
    /// <summary>The category it fills; what <c>fettle cache warm --mode</c> names.</summary>
    string Category { get; }

    /// <summary>The keys worth loading, best first.</summary>
    /// <param name="request">How many are wanted and from how many days of history.</param>
    /// <param name="popular">Keys of the category by recorded popularity, most popular first: the prediction.</param>
    /// <param name="cancellationToken">Stops the enumeration.</param>
    IAsyncEnumerable<string> KeysAsync(WarmRequest request, IReadOnlyList<string> popular, CancellationToken cancellationToken);

    /// <summary>Loads one key into the cache, usually through the category's <c>GetOrCreateAsync</c>.</summary>
    ValueTask WarmAsync(string key, CancellationToken cancellationToken);
}

/// <summary>What to warm.</summary>
public sealed record WarmRequest
{
    /// <summary><c>full</c> for all warmers, or a category. Default full.</summary>
    public string Mode { get; set; } = "full";

    /// <summary>Keys of each category at most. Default 200; 1 to 1,000,000.</summary>
    public int Limit { get; set => field = Guard.Range(value, 1, 1_000_000); } = 200;

    /// <summary>Days of history that choose the keys. Default 7; 1 to 3,650.</summary>
    public int Days { get; set => field = Guard.Range(value, 1, 3650); } = 7;

    /// <summary>Keys a second at most, so that warming does not starve the requests. Default 500; 1 to 1,000,000.</summary>
    public int RatePerSecond { get; set => field = Guard.Range(value, 1, 1_000_000); } = 500;

    /// <summary>Loads under way at once. Default 4; 1 to 256.</summary>
    public int Concurrency { get; set => field = Guard.Range(value, 1, 256); } = 4;
}

/// <summary>How far a warming is, and its result at the end.</summary>
/// <param name="Items">Keys warmed.</param>
/// <param name="Errors">Keys whose load failed; warming goes on.</param>
/// <param name="Bytes">Bytes the memory tier grew by.</param>
/// <param name="Elapsed">Time since it began.</param>
/// <param name="FirstError">The first failure, or null.</param>
public readonly record struct WarmProgress(int Items, int Errors, long Bytes, TimeSpan Elapsed, string? FirstError);

/// <summary>Runs warmers: at a bounded rate, cancellable, one failure does not end it.</summary>
public sealed class CacheWarming
{
    readonly FettleCache _cache;
    readonly IReadOnlyList<ICacheWarmer> _warmers;

    /// <summary>Creates the warming of a cache.</summary>
    public CacheWarming(FettleCache cache, IEnumerable<ICacheWarmer> warmers)
    {
        ArgumentNullException.ThrowIfNull(cache);
        _cache = cache;
        _warmers = [.. warmers];
    }

    /// <summary>The categories that can be warmed.</summary>
    public IReadOnlyList<string> Modes => [.. _warmers.Select(w => w.Category).Distinct()];

    /// <summary>Warms and returns what was done.</summary>
    /// <exception cref="ArgumentException">No warmer has the category.</exception>
    public async Task<WarmProgress> RunAsync(WarmRequest request, IProgress<WarmProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var chosen = _warmers.Where(w => request.Mode == "full" || w.Category == request.Mode).ToArray();
        if (chosen.Length == 0 && request.Mode != "full")
        {
            throw new ArgumentException($"nothing warms '{request.Mode}'; allowed: full{string.Concat(Modes.Select(m => ", " + m))}", nameof(request));
        }

        var run = new Run(_cache, request, progress);
        foreach (var warmer in chosen)
        {
            var popular = _cache.Find(warmer.Category)?.PopularKeys()
                .GroupBy(k => k.Key).OrderByDescending(g => g.Sum(k => k.Hits)).Select(g => g.Key).ToArray() ?? [];
            await run.WarmAsync(warmer, popular, cancellationToken);
        }

        foreach (var warmer in chosen)
        {
            _cache.Find(warmer.Category)?.BeginFirstMinute();
        }

        return run.Snapshot();
    }

    sealed class Run(FettleCache cache, WarmRequest request, IProgress<WarmProgress>? progress)
    {
        readonly long _start = cache.Time.GetTimestamp();
        readonly long _bytes = cache.Budget.Used;
        readonly Lock _gate = new();
        int _items;
        int _errors;
        int _begun;
        string? _firstError;

        public async Task WarmAsync(ICacheWarmer warmer, IReadOnlyList<string> popular, CancellationToken cancellationToken)
        {
            using var places = new SemaphoreSlim(request.Concurrency);
            var running = new List<Task>();
            var left = request.Limit;
            await foreach (var key in warmer.KeysAsync(request, popular, cancellationToken))
            {
                if (left-- == 0)
                {
                    break;
                }

                await PaceAsync(cancellationToken);
                await places.WaitAsync(cancellationToken);
                running.RemoveAll(t => t.IsCompleted);
                running.Add(OneAsync(warmer, key, places, cancellationToken));
            }

            await Task.WhenAll(running);
            cancellationToken.ThrowIfCancellationRequested();
        }

        public WarmProgress Snapshot()
        {
            lock (_gate)
            {
                return new WarmProgress(_items, _errors, Math.Max(0, cache.Budget.Used - _bytes), cache.Time.GetElapsedTime(_start), _firstError);
            }
        }

        /// <summary>The n-th key may begin n / rate seconds after the first.</summary>
        async ValueTask PaceAsync(CancellationToken cancellationToken)
        {
            var due = TimeSpan.FromSeconds(_begun++ / (double)request.RatePerSecond) - cache.Time.GetElapsedTime(_start);
            if (due > TimeSpan.FromMilliseconds(15))
            {
                await Task.Delay(due, cache.Time, cancellationToken);
            }
        }

        async Task OneAsync(ICacheWarmer warmer, string key, SemaphoreSlim places, CancellationToken cancellationToken)
        {
            try
            {
                WarmScope.Begin();
                await warmer.WarmAsync(key, cancellationToken);
                lock (_gate)
                {
                    _items++;
                }
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                lock (_gate)
                {
                    _errors++;
                    _firstError ??= $"{key}: {e.Message}";
                }
            }
            catch (OperationCanceledException)
            {
                // The run ends as a whole; the caller sees the cancellation.
            }
            finally
            {
                places.Release();
                progress?.Report(Snapshot());
            }
        }
    }
}
