namespace Fettle.LoadTesting.Engine.Loop;

/// <summary>Counts one scenario in one loop. Requests whose intended start lies in the warm-up leave no trace but the live view.</summary>
sealed class Recorder(long countFrom, long countUntil, BlockRecorder blocks)
{
    public const long LateNanoseconds = 10_000_000;
    const int SamplesPerClass = 5;

    readonly Dictionary<string, RequestCounts> _byName = [];
    RequestCounts? _last;

    public LatencyHistogram Latency { get; } = new();

    public LatencyHistogram ServiceTime { get; } = new();

    public LatencyHistogram SendLag { get; } = new();

    public LatencyHistogram DispatchLag { get; } = new();

    /// <summary>Latencies since the last published snapshot, warm-up included.</summary>
    public LatencyHistogram Recent { get; } = new();

    public Dictionary<string, long> Errors { get; } = [];

    public List<ErrorSample> Samples { get; } = [];

    public IReadOnlyDictionary<string, RequestCounts> ByName => _byName;

    public long Requests { get; private set; }

    public long Failed { get; private set; }

    public long Late { get; private set; }

    public long Dropped { get; private set; }

    public long Retried { get; set; }

    public long BytesReceived { get; set; }

    /// <summary>The moment of the last counted answer.</summary>
    public long LastEnd { get; private set; }

    public void Advance(long now) => blocks.Advance(now - countFrom);

    /// <summary>Closes the counted time at the given moment, at the latest at its planned end.</summary>
    public void Finish(long now) => blocks.Finish(Math.Min(now, countUntil) - countFrom);

    /// <summary>Counts a request that got an answer; <paramref name="error"/> is null when it was right.</summary>
    public void Answered(in Exchange exchange, long now, string? error, string detail)
    {
        var latency = now - exchange.Intended;
        Recent.RecordNanoseconds(latency);
        if (!Counted(exchange.Intended))
        {
            return;
        }

        var counts = Begin(exchange, now);
        Latency.RecordNanoseconds(latency);
        ServiceTime.RecordNanoseconds(now - exchange.Sent);
        counts.Latency.RecordNanoseconds(latency);
        counts.ServiceTime.RecordNanoseconds(now - exchange.Sent);
        Lags(exchange);
        blocks.Record(exchange.Intended - countFrom, latency, error is not null);
        if (error is not null)
        {
            Error(counts, exchange, error, detail);
        }
    }

    /// <summary>Counts a request without an answer. Those that waited (timeout, never sent) keep their wait as latency.</summary>
    public void Unanswered(in Exchange exchange, long now, string error, string detail, bool waited, bool sent)
    {
        if (!Counted(exchange.Intended))
        {
            return;
        }

        var counts = Begin(exchange, now);
        var latency = now - exchange.Intended;
        if (waited)
        {
            Latency.RecordNanoseconds(latency);
            counts.Latency.RecordNanoseconds(latency);
        }

        if (sent)
        {
            Lags(exchange);
        }
        else if (waited)
        {
            Dropped++;
        }

        blocks.Record(exchange.Intended - countFrom, waited ? latency : -1, failed: true);
        Error(counts, exchange, error, detail);
    }

    bool Counted(long intended) => intended >= countFrom && intended < countUntil;

    RequestCounts Begin(in Exchange exchange, long now)
    {
        Requests++;
        LastEnd = now;
        var name = exchange.Request.Name;
        if (_last is null || !ReferenceEquals(_last.Name, name))
        {
            if (!_byName.TryGetValue(name, out _last))
            {
                _byName[name] = _last = new RequestCounts(name);
            }
        }

        _last.Requests++;
        return _last;
    }

    void Lags(in Exchange exchange)
    {
        var lag = exchange.Sent - exchange.Intended;
        SendLag.RecordNanoseconds(lag);
        DispatchLag.RecordNanoseconds(exchange.Seen - exchange.Intended);
        Late += lag > LateNanoseconds ? 1 : 0;
    }

    void Error(RequestCounts counts, in Exchange exchange, string error, string detail)
    {
        Failed++;
        counts.Failed++;
        Errors[error] = Errors.GetValueOrDefault(error) + 1;
        if (Errors[error] <= SamplesPerClass)
        {
            Samples.Add(new ErrorSample(error, exchange.Request.Name, detail, Math.Round((exchange.Intended - countFrom) / 1e9, 3)));
        }
    }
}

/// <summary>The counts of one request name.</summary>
sealed class RequestCounts(string name)
{
    public string Name { get; } = name;

    public long Requests { get; set; }

    public long Failed { get; set; }

    public LatencyHistogram Latency { get; } = new();

    public LatencyHistogram ServiceTime { get; } = new();
}
