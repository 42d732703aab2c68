using Fettle.Databases;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Fettle.AspNetCore;

/// <summary>
/// Takes one sample a second and keeps the last ten minutes. A watcher waits for the next sample; it never slows the sampler,
/// and who comes back after a break asks for what followed the last id it saw.
/// </summary>
internal sealed class LiveSampler(RequestWindow window, SwitchRegistry switches, MetricsCollector metrics, TimeProvider time, IServiceProvider services) : BackgroundService
{
    public const int Kept = 600;

    readonly Lock _lock = new();
    readonly Queue<LiveSample> _samples = new(Kept);
    readonly List<string> _pending = [];
    readonly Dictionary<string, bool> _states = new(StringComparer.Ordinal);
    TaskCompletionSource _next = NewSignal();
    WindowSnapshot _last = window.Cumulative();
    long _lastErrors = window.Errors;
    long _lastAt = time.GetTimestamp();
    TimeSpan _lastCpu = Environment.CpuUsage.TotalTime;
    double _lastHits = double.NaN;
    double _lastReads;
    long _id;

    /// <summary>Puts a mark on the charts: what changed, in a few words.</summary>
    public void Mark(string what)
    {
        lock (_lock)
        {
            _pending.Add(what);
        }
    }

    /// <summary>Samples after an id, oldest first, and a task that ends when there is a newer one.</summary>
    public (IReadOnlyList<LiveSample> Samples, Task Next) After(long id)
    {
        lock (_lock)
        {
            return ([.. _samples.Where(s => s.Id > id)], _next.Task);
        }
    }

    /// <summary>Takes a sample now.</summary>
    public LiveSample Sample()
    {
        var now = time.GetTimestamp();
        var elapsed = time.GetElapsedTime(_lastAt, now);
        var seconds = Math.Max(elapsed.TotalSeconds, 1e-3);
        var all = window.Cumulative();
        var since = all.Since(_last);
        var errors = window.Errors;
        var cpu = Environment.CpuUsage.TotalTime;
        var hit = HitPercent();
        LiveSample sample;
        TaskCompletionSource signal;
        lock (_lock)
        {
            foreach (var one in switches.All)
            {
                if (_states.TryGetValue(one.Definition.Name, out var was) && was != one.On)
                {
                    _pending.Add($"{one.Definition.Name} {(one.On ? "on" : "off")}");
                }

                _states[one.Definition.Name] = one.On;
            }

            sample = new LiveSample(
                ++_id, time.GetUtcNow().ToUnixTimeMilliseconds(), Math.Round(since.Count / seconds, 1), Math.Round((errors - _lastErrors) / seconds, 2),
                Quantile(since, 0.5), Quantile(since, 0.95), Quantile(since, 0.99),
                Math.Round(100 * (cpu - _lastCpu) / elapsed / Environment.ProcessorCount, 1), Math.Round(Environment.WorkingSet / 1048576.0, 1),
                Math.Round(GC.GetGCMemoryInfo().PauseTimePercentage, 2), window.InFlight, ThreadPool.PendingWorkItemCount, PoolPercent(), hit,
                _pending.Count == 0 ? null : [.. _pending]);
            _pending.Clear();
            if (_samples.Count == Kept)
            {
                _samples.Dequeue();
            }

            _samples.Enqueue(sample);
            (signal, _next) = (_next, NewSignal());
        }

        (_last, _lastErrors, _lastAt, _lastCpu) = (all, errors, now, cpu);
        signal.SetResult();
        return sample;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                Sample();
            }
        }
        catch (OperationCanceledException)
        {
            // The service stops.
        }
    }

    static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    static double? Quantile(WindowSnapshot since, double quantile) => since.Count == 0 ? null : Math.Round(since.QuantileMs(quantile), 3);

    double? PoolPercent() =>
        services.GetService<Database>()?.Pools is { Count: > 0 } pools ? Math.Round(pools.Max(p => p.Limit == 0 ? 0 : 100.0 * p.InUse / p.Limit), 1) : null;

    double? HitPercent()
    {
        var (hits, reads) = CacheUsage.Count(metrics.Collect());
        var made = reads - _lastReads;
        double? percent = double.IsNaN(_lastHits) || made <= 0 ? null : Math.Round(100 * (hits - _lastHits) / made, 1);
        (_lastHits, _lastReads) = (hits, reads);
        return percent;
    }
}
