using System.Data.Common;
using Fettle.Redis;

namespace Fettle.LoadTesting.Server;

/// <summary>Reads a probe once a second. A reading that fails leaves a gap, never ends the run, and is named once.</summary>
sealed class ServerSampler : IAsyncDisposable
{
    readonly CancellationTokenSource _stop = new();
    readonly List<(double, double[])> _samples = [];
    readonly IServerProbe _probe;
    readonly TimeProvider _time;
    readonly Task _sampling;
    string _note = "";

    public ServerSampler(IServerProbe probe, TimeProvider time, TimeSpan? every = null)
    {
        (_probe, _time) = (probe, time);
        _sampling = Task.Run(() => SampleAsync(every ?? TimeSpan.FromSeconds(1)));
    }

    /// <summary>Ends sampling and returns everything.</summary>
    public async Task<ServerSeries> FinishAsync()
    {
        await _stop.CancelAsync();
        await _sampling;
        return new ServerSeries(_probe.Name, [.. _probe.Figures.Select(f => f.Name)], _samples, _note);
    }

    public async ValueTask DisposeAsync()
    {
        await FinishAsync();
        _stop.Dispose();
    }

    async Task SampleAsync(TimeSpan every)
    {
        var start = _time.GetTimestamp();
        double[]? before = null;
        var last = start;
        using var timer = new PeriodicTimer(every, _time);
        try
        {
            do
            {
                var values = await TryReadAsync();
                var now = _time.GetTimestamp();
                if (values is not null)
                {
                    var seconds = _time.GetElapsedTime(last, now).TotalSeconds;
                    if (before is not null)
                    {
                        _samples.Add((Math.Round(_time.GetElapsedTime(start, now).TotalSeconds, 2), [.. _probe.Figures.Select((f, i) => f.Factor * (!f.Counter ? values[i]
                            : values[i] < before[i] ? double.NaN // The counter began anew: the server was restarted.
                            : (values[i] - before[i]) / seconds))]));
                    }

                    (before, last) = (values, now);
                }
            }
            while (await timer.WaitForNextTickAsync(_stop.Token));
        }
        catch (OperationCanceledException)
        {
        }
    }

    async Task<double[]?> TryReadAsync()
    {
        try
        {
            return await _probe.ReadAsync(_stop.Token);
        }
        catch (Exception e) when (e is IOException or HttpRequestException or InvalidDataException or DbException or RedisException or TimeoutException || e is OperationCanceledException && !_stop.IsCancellationRequested)
        {
            _note = _note.Length == 0 ? e.Message : _note;
            return null;
        }
    }
}

/// <summary>The samplers of several probes.</summary>
sealed class ServerWatch(IEnumerable<IServerProbe> probes, TimeProvider time) : IAsyncDisposable
{
    readonly ServerSampler[] _samplers = [.. probes.Select(p => new ServerSampler(p, time))];

    public async Task<IReadOnlyList<ServerSeries>> FinishAsync() => await Task.WhenAll(_samplers.Select(s => s.FinishAsync()));

    public async ValueTask DisposeAsync()
    {
        foreach (var sampler in _samplers)
        {
            await sampler.DisposeAsync();
        }
    }
}
