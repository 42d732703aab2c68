namespace Fettle.LoadTesting;

/// <summary>
/// What a run measured after its warm-up. <see cref="Latency"/> holds every request that was answered (with any status), timed out or
/// was never sent in time, measured from its intended start; requests that failed without an answer for another reason
/// are in <see cref="Errors"/> only, since their time says nothing about the service.
/// </summary>
public sealed record LoadResult
{
    /// <summary>When the run began, warm-up included.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Seconds that were counted (without warm-up and without waiting for the last answers).</summary>
    public required double Seconds { get; init; }

    /// <summary>Requests whose intended start lies in the counted time; errors included.</summary>
    public required long Requests { get; init; }

    /// <summary>How many of them failed.</summary>
    public required long Failed { get; init; }

    /// <summary>Failed requests by class: <c>status 503</c>, <c>timeout</c>, <c>connection refused</c>, <c>connection reset</c>, <c>closed early</c>, <c>malformed answer</c>, <c>answer too large</c>, <c>not sent</c>, <c>check failed: …</c>.</summary>
    public required IReadOnlyDictionary<string, long> Errors { get; init; }

    /// <summary>The first few errors of every class, with what was seen.</summary>
    public required IReadOnlyList<ErrorSample> ErrorSamples { get; init; }

    /// <summary>From the intended start to the last byte of the answer.</summary>
    public required LatencyHistogram Latency { get; init; }

    /// <summary>From the first byte sent to the last byte of the answer: what a generator without a schedule would report.</summary>
    public required LatencyHistogram ServiceTime { get; init; }

    /// <summary>From the intended start to the first byte sent: waiting for a connection and the generator's own lag.</summary>
    public required LatencyHistogram SendLag { get; init; }

    /// <summary>The numbers of every request name.</summary>
    public required IReadOnlyList<RequestResult> ByRequest { get; init; }

    /// <summary>The run cut into half seconds of intended start; comparisons use their medians.</summary>
    public required IReadOnlyList<LoadBlock> Blocks { get; init; }

    /// <summary>Requests sent more than 10 ms after their intended start.</summary>
    public required long Late { get; init; }

    /// <summary>Requests never sent because no connection was free within the timeout; they are failed requests too.</summary>
    public required long Dropped { get; init; }

    /// <summary>Requests repeated once because a kept-alive connection was closed before any byte of an answer came.</summary>
    public required long Retried { get; init; }

    /// <summary>Connections opened over the whole run.</summary>
    public required long ConnectionsOpened { get; init; }

    /// <summary>Bytes received in bodies and heads.</summary>
    public required long BytesReceived { get; init; }

    /// <summary>What the generator knows about itself.</summary>
    public required GeneratorWatch Generator { get; init; }

    /// <summary>True when the run was cancelled; the numbers cover the time until then.</summary>
    public bool Interrupted { get; init; }

    /// <summary>Answers without error per counted second.</summary>
    public double Throughput => Seconds > 0 ? (Requests - Failed) / Seconds : 0;

    /// <summary>Share of failed requests, 0 to 1; 0 when there was no request.</summary>
    public double ErrorRate => Requests == 0 ? 0 : (double)Failed / Requests;
}

/// <summary>The numbers of one request name.</summary>
/// <param name="Name">The name of the request.</param>
/// <param name="Requests">Requests, errors included.</param>
/// <param name="Failed">Failed requests.</param>
/// <param name="Latency">From the intended start.</param>
/// <param name="ServiceTime">From the first byte sent.</param>
public sealed record RequestResult(string Name, long Requests, long Failed, LatencyHistogram Latency, LatencyHistogram ServiceTime);

/// <summary>Half a second of the run, by intended start. Quantiles in milliseconds, NaN where no answer came.</summary>
/// <param name="StartSeconds">Seconds from the end of the warm-up.</param>
/// <param name="Requests">Requests, errors included.</param>
/// <param name="Failed">Failed requests.</param>
/// <param name="MedianMilliseconds">Median latency.</param>
/// <param name="P95Milliseconds">95th percentile of latency.</param>
/// <param name="P99Milliseconds">99th percentile of latency.</param>
/// <param name="MaxMilliseconds">Largest latency.</param>
public sealed record LoadBlock(double StartSeconds, long Requests, long Failed, double MedianMilliseconds, double P95Milliseconds, double P99Milliseconds, double MaxMilliseconds)
{
    /// <summary>Pairs of heat map row and count; see HeatScale.</summary>
    internal int[] Heat { get; init; } = [];
}

/// <summary>One failed request as it was seen.</summary>
/// <param name="Class">The error class.</param>
/// <param name="Request">The request's name.</param>
/// <param name="Detail">What was seen, for example the beginning of the answer.</param>
/// <param name="AtSeconds">Seconds from the end of the warm-up to the intended start.</param>
public sealed record ErrorSample(string Class, string Request, string Detail, double AtSeconds);

/// <summary>What the generator knows about itself.</summary>
/// <param name="CpuSeconds">Processor time of the event loops over the whole run, warm-up included; NaN where the system does not tell.</param>
/// <param name="RunQueueSeconds">Time of the whole run in which the event loops were runnable and had no processor; NaN where the system does not tell.</param>
/// <param name="DispatchLag">From the intended start to the moment the loop looked at it: the generator's own delay.</param>
/// <param name="Limited">True when the generator and not the service shaped the latencies.</param>
/// <param name="Reason">Why <paramref name="Limited"/> is true; empty otherwise.</param>
public sealed record GeneratorWatch(double CpuSeconds, double RunQueueSeconds, LatencyHistogram DispatchLag, bool Limited, string Reason);

/// <summary>Where a run stands; reported about twice a second.</summary>
/// <param name="Elapsed">Since the start, warm-up included.</param>
/// <param name="WarmingUp">Counting has not begun.</param>
/// <param name="Requests">Counted requests that ended.</param>
/// <param name="Failed">Counted requests that failed.</param>
/// <param name="InFlight">Sent and not yet answered.</param>
/// <param name="Waiting">Due and not yet sent.</param>
/// <param name="Connections">Open connections.</param>
/// <param name="RatePerSecond">Answers per second since the last report.</param>
/// <param name="MedianMilliseconds">Median latency since the last report; NaN without answers.</param>
/// <param name="P99Milliseconds">99th percentile of latency since the last report; NaN without answers.</param>
public sealed record LoadProgress(
    TimeSpan Elapsed, bool WarmingUp, long Requests, long Failed, int InFlight, int Waiting, int Connections,
    double RatePerSecond, double MedianMilliseconds, double P99Milliseconds);
