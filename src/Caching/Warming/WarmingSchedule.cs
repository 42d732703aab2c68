namespace Fettle.Caching;

/// <summary>When a cache is warmed.</summary>
public sealed record WarmingScheduleOptions
{
    /// <summary>Whether to warm when the schedule starts. Default true.</summary>
    public bool AtStart { get; set; } = true;

    /// <summary>Time between warmings. Default null: none after the start but on events; 1 s to 30 days.</summary>
    public TimeSpan? Every { get; set => field = Guard.Range(value, TimeSpan.FromSeconds(1), TimeSpan.FromDays(30)); }

    /// <summary>Where the popular keys are kept across restarts, so that warming begins with what was asked for before. Default null: nowhere.</summary>
    public string? PopularityPath { get; set; }

    /// <summary>How often that file is written; it is written at the end too. Default 1 min; 1 s to 1 day.</summary>
    public TimeSpan SaveEvery { get; set => field = Guard.Range(value, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)); } = TimeSpan.FromMinutes(1);

    /// <summary>What one warming does. Default everything, 200 keys a category.</summary>
    public WarmRequest Request { get; set; } = new();

    /// <summary>Told of every warming that ended, with the error that ended it or null. It must not throw. Default null.</summary>
    public Action<WarmProgress, Exception?>? Ended { get; set; }
}

/// <summary>Warms at the start, on a schedule and on events, and keeps what is popular across restarts. One warming runs at a time.</summary>
public sealed class WarmingSchedule : IAsyncDisposable
{
    readonly FettleCache _cache;
    readonly CacheWarming _warming;
    readonly WarmingScheduleOptions _options;
    readonly CancellationTokenSource _stop = new();
    readonly Lock _gate = new();
    TaskCompletionSource _event = New();
    Task _running = Task.CompletedTask;
    volatile bool _isWarm;

    /// <summary>Prepares a schedule; nothing happens before <see cref="StartAsync"/>.</summary>
    public WarmingSchedule(FettleCache cache, CacheWarming warming, WarmingScheduleOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentNullException.ThrowIfNull(warming);
        (_cache, _warming, _options) = (cache, warming, (options ?? new WarmingScheduleOptions()) with { });
        _isWarm = !_options.AtStart;
    }

    /// <summary>Whether the first warming has ended, well or not; true when none is wanted at the start.</summary>
    public bool IsWarm => _isWarm;

    /// <summary>Reads the popular keys and begins.</summary>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (_options.PopularityPath is { } path)
        {
            await PopularityFile.LoadAsync(_cache, path, cancellationToken);
        }

        _running = RunAsync();
    }

    /// <summary>Something happened that makes warming worthwhile: new data, a new model. Events during a warming make one more.</summary>
    public void Notify()
    {
        lock (_gate)
        {
            _event.TrySetResult();
        }
    }

    /// <summary>Ends the warming that runs and writes the popular keys.</summary>
    public async ValueTask DisposeAsync()
    {
        // The container disposes what the host has stopped: a second time does nothing.
        await _stop.CancelAsync();
        await _running;
    }

    async Task RunAsync()
    {
        var time = _cache.Time;
        if (_options.AtStart)
        {
            await WarmAsync();
        }

        var (warmed, saved) = (time.GetTimestamp(), time.GetTimestamp());
        while (!_stop.IsCancellationRequested)
        {
            var untilWarm = _options.Every is { } every ? every - time.GetElapsedTime(warmed) : TimeSpan.MaxValue;
            var untilSave = _options.PopularityPath is null ? TimeSpan.MaxValue : _options.SaveEvery - time.GetElapsedTime(saved);
            var happened = await WaitAsync(untilWarm < untilSave ? untilWarm : untilSave);
            if (_stop.IsCancellationRequested)
            {
                break;
            }

            if (happened || (_options.Every is { } due && time.GetElapsedTime(warmed) >= due))
            {
                await WarmAsync();
                warmed = time.GetTimestamp();
            }
            else if (_options.PopularityPath is not null && time.GetElapsedTime(saved) >= _options.SaveEvery)
            {
                await SaveAsync();
                saved = time.GetTimestamp();
            }
        }

        await SaveAsync();
    }

    /// <returns>Whether an event ended the wait.</returns>
    async Task<bool> WaitAsync(TimeSpan delay)
    {
        Task happened;
        lock (_gate)
        {
            happened = _event.Task;
        }

        using var bound = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var longest = TimeSpan.FromDays(1);
        await Task.WhenAny(happened, Task.Delay(delay < TimeSpan.Zero ? TimeSpan.Zero : delay > longest ? longest : delay, _cache.Time, bound.Token));
        await bound.CancelAsync();
        lock (_gate)
        {
            if (!happened.IsCompleted)
            {
                return false;
            }

            _event = New();
            return true;
        }
    }

    async Task WarmAsync()
    {
        WarmProgress done = default;
        Exception? error = null;
        try
        {
            done = await _warming.RunAsync(_options.Request, cancellationToken: _stop.Token);
        }
        catch (Exception e)
        {
            error = e;
        }

        _isWarm = true;
        _options.Ended?.Invoke(done, error);
    }

    async Task SaveAsync()
    {
        try
        {
            if (_options.PopularityPath is { } path)
            {
                await PopularityFile.SaveAsync(_cache, path);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _cache.Options.Notice?.Invoke(new CacheNotice(true, $"the popular keys were not written: {e.Message}"));
        }
    }

    static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
