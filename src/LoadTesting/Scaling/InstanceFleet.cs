using System.Globalization;

namespace Fettle.LoadTesting.Scaling;

/// <summary>The instances of a run, their balancer and their limiter. One caller at a time.</summary>
sealed class InstanceFleet(ScaleOptions options, string folder, TimeProvider time, IProgress<ScalingEvent>? progress) : IAsyncDisposable
{
    const int StartFailuresAllowed = 5;
    static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(5);

    readonly List<InstanceProcess> _ready = [];
    readonly List<(InstanceProcess Instance, Task Ready, string Cause)> _starting = [];
    readonly List<ScalingEvent> _events = [];
    readonly List<ScalingSample> _samples = [];
    readonly Queue<string> _wanted = new();
    readonly HttpClient _client = new() { Timeout = ProbeTimeout };
    readonly CpuLimiter _limiter = new(options.InstanceCores, time);
    NginxBalancer? _balancer;
    InstanceProcess? _leaving;
    Task<string>? _draining;
    Task<(InstanceProcess Instance, bool Answers)[]>? _probing;
    long _began = time.GetTimestamp();
    long _sampled;
    bool _started;
    bool _killed;
    int _names;
    int _startFailures;
    int _desired = options.Rule.MinInstances;

    public Uri Url => _balancer!.Url;

    double Now => _started ? Math.Round(time.GetElapsedTime(_began).TotalSeconds, 2) : 0;

    /// <summary>Starts the fewest instances and nginx.</summary>
    public async Task StartAsync(CancellationToken cancellation)
    {
        for (var i = 0; i < options.Rule.MinInstances; i++)
        {
            Launch("the fewest instances", cancellation);
        }

        await Task.WhenAll(_starting.Select(s => s.Ready));
        foreach (var (instance, _, _) in _starting)
        {
            Take(instance);
        }

        _starting.Clear();
        _balancer = await NginxBalancer.StartAsync(folder, Ports, options, time, cancellation);
        (_began, _started) = (time.GetTimestamp(), true);
        _sampled = _began;
        foreach (var instance in _ready)
        {
            Tell("ready", instance, "the fewest instances");
        }
    }

    /// <summary>Looks after the instances once, and takes one sample.</summary>
    public async Task TickAsync(ScalingRule rule, CancellationToken cancellation)
    {
        Rehearse();
        await ExitsAsync(cancellation);
        await ProbesAsync(cancellation);
        await ArrivalsAsync(cancellation);
        await DrainedAsync();
        var cpu = Sample();
        // While an instance comes or goes the use says nothing about the number that will serve.
        if (_starting.Count == 0 && _draining is null && _ready.Count == _desired && rule.Observe(Now, cpu, _ready.Count) is { } decision)
        {
            _desired += decision.Change;
            Tell(decision.Change > 0 ? "scale out" : "scale in", null, decision.Cause);
            if (decision.Change > 0)
            {
                _wanted.Enqueue(decision.Cause);
            }
            else
            {
                Drain(decision.Cause, cancellation);
            }
        }

        while (_ready.Count + _starting.Count < _desired)
        {
            Launch(_wanted.TryDequeue(out var cause) ? cause : "an instance is missing", cancellation);
        }
    }

    /// <summary>Waits for a drain that is under way and returns what happened.</summary>
    public async Task<ScalingRecord> FinishAsync()
    {
        if (_draining is not null)
        {
            await _draining.ContinueWith(_ => { }, TaskScheduler.Default);
            if (_draining.IsCompletedSuccessfully)
            {
                await DrainedAsync();
            }
        }

        return new ScalingRecord([.. _events], [.. _samples]);
    }

    public async ValueTask DisposeAsync()
    {
        await _limiter.DisposeAsync();
        if (_balancer is not null)
        {
            await _balancer.DisposeAsync();
        }

        if (_draining is not null)
        {
            await _draining.ContinueWith(_ => { }, TaskScheduler.Default);
        }

        // All at once: each may take its time to end.
        await Task.WhenAll(_ready.Concat(_starting.Select(s => s.Instance)).Append(_leaving).OfType<InstanceProcess>().Select(i => i.DisposeAsync().AsTask()));

        _client.Dispose();
    }

    int[] Ports => [.. _ready.Select(i => i.Port)];

    void Launch(string cause, CancellationToken cancellation)
    {
        var instance = InstanceProcess.Start($"instance-{(++_names).ToString(CultureInfo.InvariantCulture)}", options.Command, folder);
        _starting.Add((instance, instance.ReadyAsync(_client, options, time, cancellation), cause));
    }

    /// <summary>The limit holds from the moment it is ready: a start is not what an instance is measured by.</summary>
    void Take(InstanceProcess instance)
    {
        instance.SampledCpu = Cpu(instance);
        instance.NextProbe = Now + options.ProbeEvery.TotalSeconds;
        _ready.Add(instance);
        if (options.Meter is null)
        {
            _limiter.Add(instance.ProcessId, instance.Clock);
        }
    }

    void Rehearse()
    {
        if (!_killed && options.KillAfter is { } after && Now >= after.TotalSeconds && _ready.Count > 0)
        {
            _killed = true;
            _ready[0].Kill();
            Tell("killed", _ready[0], "the rehearsal asked for it (SIGKILL)");
        }
    }

    async Task ExitsAsync(CancellationToken cancellation)
    {
        foreach (var instance in _ready.Where(i => i.HasExited).ToArray())
        {
            await LoseAsync("lost", instance, $"its process ended with code {instance.ExitCode.ToString(CultureInfo.InvariantCulture)}", cancellation);
        }
    }

    /// <summary>Probes run beside the ticks, so that an instance that hangs delays nothing.</summary>
    async Task ProbesAsync(CancellationToken cancellation)
    {
        if (_probing is null)
        {
            var due = _ready.Where(i => i.NextProbe <= Now).ToArray();
            if (due.Length > 0)
            {
                _probing = Task.WhenAll(due.Select(async i => (i, await i.ProbeAsync(_client, options.ProbePath, cancellation))));
            }

            return;
        }

        if (!_probing.IsCompleted)
        {
            return;
        }

        foreach (var (instance, answers) in await _probing)
        {
            instance.FailedProbes = answers ? 0 : instance.FailedProbes + 1;
            instance.NextProbe = Now + options.ProbeEvery.TotalSeconds;
            if (instance.FailedProbes >= options.FailedProbes && _ready.Contains(instance) && !instance.HasExited)
            {
                instance.Kill();
                await LoseAsync("unhealthy", instance, $"{options.ProbePath} failed {instance.FailedProbes.ToString(CultureInfo.InvariantCulture)} times in a row", cancellation);
            }
        }

        _probing = null;
    }

    async Task LoseAsync(string what, InstanceProcess instance, string cause, CancellationToken cancellation)
    {
        _limiter.Remove(instance.ProcessId);
        _ready.Remove(instance);
        _wanted.Enqueue($"replaces {instance.Name}");
        if (_ready.Count > 0)
        {
            await _balancer!.ReloadAsync(Ports, drain: false, cancellation);
        }

        Tell(what, instance, cause);
        await instance.DisposeAsync();
    }

    async Task ArrivalsAsync(CancellationToken cancellation)
    {
        foreach (var start in _starting.Where(s => s.Ready.IsCompleted).ToArray())
        {
            _starting.Remove(start);
            try
            {
                await start.Ready;
            }
            catch (IOException e)
            {
                Tell("failed to start", start.Instance, e.Message);
                await start.Instance.DisposeAsync();
                if (++_startFailures >= StartFailuresAllowed)
                {
                    throw new IOException($"{StartFailuresAllowed} instances did not start; the last: {e.Message}", e);
                }

                _wanted.Enqueue(start.Cause);
                continue;
            }

            Take(start.Instance);
            await _balancer!.ReloadAsync(Ports, drain: false, cancellation);
            Tell("added", start.Instance, start.Cause);
        }
    }

    void Drain(string cause, CancellationToken cancellation)
    {
        _leaving = _ready[^1];
        _ready.RemoveAt(_ready.Count - 1);
        _draining = DrainAsync(_leaving, cause, Ports, cancellation);
    }

    async Task<string> DrainAsync(InstanceProcess leaving, string cause, int[] ports, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        var whole = await _balancer!.ReloadAsync(ports, drain: true, cancellation);
        _limiter.Remove(leaving.ProcessId);
        var ended = await leaving.StopAsync(options.DrainTimeout);
        return string.Create(CultureInfo.InvariantCulture,
            $"{cause}; {(whole ? "drained" : "not drained")} in {time.GetElapsedTime(start).TotalSeconds:0.0} s{(ended ? "" : ", killed since it did not end")}");
    }

    async Task DrainedAsync()
    {
        if (_draining is { IsCompleted: true } done && _leaving is { } instance)
        {
            Tell("removed", instance, await done);
            (_draining, _leaving) = (null, null);
            await instance.DisposeAsync();
        }
    }

    double Sample()
    {
        var now = time.GetTimestamp();
        var seconds = Math.Max(1e-6, time.GetElapsedTime(_sampled, now).TotalSeconds);
        _sampled = now;
        var use = new List<double>();
        foreach (var instance in _ready)
        {
            var cpu = Cpu(instance);
            use.Add(100 * Math.Max(0, cpu - instance.SampledCpu) / seconds / options.InstanceCores);
            instance.SampledCpu = cpu;
        }

        var sample = new ScalingSample(Now, _ready.Count, use.Count == 0 ? 0 : use.Average(), use.Count == 0 ? 0 : use.Max());
        _samples.Add(sample);
        return sample.CpuPercent;
    }

    double Cpu(InstanceProcess instance) => options.Meter?.Invoke(instance.Port) ?? instance.Clock.Seconds();

    void Tell(string what, InstanceProcess? instance, string cause)
    {
        var entry = new ScalingEvent(Now, what, instance?.Name ?? "", instance?.ProcessId ?? 0, _ready.Count, cause);
        _events.Add(entry);
        progress?.Report(entry);
    }
}
