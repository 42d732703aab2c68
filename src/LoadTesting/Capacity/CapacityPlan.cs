namespace Fettle.LoadTesting.Capacity;

/// <summary>What the planner is asked for.</summary>
public sealed record CapacityRequest
{
    /// <summary>Requests per second to carry at the peak; above 0.</summary>
    public required double PeakRate
    {
        get;
        set => field = Throw.InRange(value, 0.001, 1e9, nameof(PeakRate));
    }

    /// <summary>Name of the service in the generated files: lower-case letters, digits and dashes; default <c>service</c>.</summary>
    public string Service
    {
        get;
        set => field = value.Length is > 0 and <= 40 && value.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') && value[0] != '-' && value[^1] != '-'
            ? value : throw new ArgumentException($"service is '{value}'; lower-case letters, digits and dashes are allowed", nameof(Service));
    } = "service";

    /// <summary>Processor use that an instance should have at the peak, 0.1 to 0.95; default 0.7.</summary>
    public double TargetCpu
    {
        get;
        set => field = Throw.InRange(value, 0.1, 0.95, nameof(TargetCpu));
    } = 0.7;

    /// <summary>Fewest instances, 1 to 1,000; default 2.</summary>
    public int MinInstances
    {
        get;
        set => field = Throw.InRange(value, 1, 1_000, nameof(MinInstances));
    } = 2;

    /// <summary>Most instances before the measurement says more, 1 to 10,000; default 10.</summary>
    public int MaxInstances
    {
        get;
        set => field = Throw.InRange(value, 1, 10_000, nameof(MaxInstances));
    } = 10;

    /// <summary>Port of the service; default 8080.</summary>
    public int Port
    {
        get;
        set => field = Throw.InRange(value, 1, 65_535, nameof(Port));
    } = 8080;

    /// <summary>Container image in the Deployment; default <c>service:latest</c>.</summary>
    public string Image { get; set; } = "service:latest";

    /// <summary>nginx keeps a client on one instance (ip_hash) instead of least_conn.</summary>
    public bool Sticky { get; set; }

    /// <summary>Instances for nginx, <c>host:port</c>; default two on loopback.</summary>
    public IReadOnlyList<string> Upstreams { get; set; } = ["127.0.0.1:8081", "127.0.0.1:8082"];
}

/// <summary>What one instance carries, how many are needed, and the scaling policy that follows.</summary>
/// <param name="Law">The fitted law of one instance over its concurrency.</param>
/// <param name="RatePerInstance">Requests per second an instance carries at its target use.</param>
/// <param name="Instances">Instances for the peak.</param>
/// <param name="MinInstances">Lower bound of the scaler.</param>
/// <param name="MaxInstances">Upper bound of the scaler: half as many again as the peak needs, at least the asked one.</param>
/// <param name="Connections">Database connections of an instance: the concurrency at the target rate, rounded up, and one to spare.</param>
/// <param name="Limit">What limits the instance.</param>
public sealed record CapacityPlan(ScalabilityLaw Law, double RatePerInstance, int Instances, int MinInstances, int MaxInstances, int Connections, string Limit)
{
    /// <summary>Seconds that a sign for more instances has to last.</summary>
    public int ScaleUpWindow { get; init; } = 120;

    /// <summary>Seconds before another instance may be added.</summary>
    public int ScaleOutCooldown { get; init; } = 300;

    /// <summary>Seconds before another instance may be removed.</summary>
    public int ScaleInCooldown { get; init; } = 600;

    /// <summary>Requests per second of an instance at its peak; at most a tenth above what was measured.</summary>
    public double Capacity { get; init; }

    /// <summary>The 95th percentile of latency in milliseconds at the rate of an instance, for independent arrivals.</summary>
    public double P95Milliseconds => P95At(RatePerInstance);

    /// <summary>
    /// The p95 in milliseconds that an autoscaler is given: twice that at the rate of an instance. Latency hardly falls when instances are added,
    /// so a target near what is usual would keep them for ever.
    /// </summary>
    public double P95Target => Math.Ceiling(2 * P95Milliseconds);

    /// <summary>
    /// Requests at once where the throughput of an instance is highest. With κ = 0 the law has no peak; then 1/σ, where its asymptotes meet.
    /// Never more than half as far again as was measured, since the law is a guess there.
    /// </summary>
    public double Knee { get; init; }

    /// <summary>Plans from the measured points of one instance.</summary>
    /// <param name="points">Concurrency and throughput of one instance in a stepped run.</param>
    /// <param name="request">What is wanted.</param>
    public static CapacityPlan Of(IReadOnlyList<(double Concurrency, double Throughput)> points, CapacityRequest request)
    {
        var law = ScalabilityLaw.Fit(points);
        // Beyond what was measured the law is a guess: the peak is the law's only within the measured range.
        var peak = Math.Min(law.PeakThroughput, 1.1 * points.Max(p => p.Throughput));
        var rate = peak * request.TargetCpu;
        var instances = Math.Max(request.MinInstances, (int)Math.Ceiling(request.PeakRate / rate));
        var concurrency = law.ConcurrencyFor(rate);
        var limit = law switch
        {
            { Kappa: > 1e-6 } when law.PeakConcurrency < points.Max(p => p.Concurrency) => $"coherency: beyond {law.PeakConcurrency:0} at once throughput falls (κ = {law.Kappa:0.#####})",
            { Sigma: > 0.01 } => $"contention: {law.Sigma:P1} of the work runs one after another (σ)",
            _ => "nothing yet: throughput grows with concurrency over the whole measured range",
        };
        var knee = law.Kappa > 0 ? law.PeakConcurrency : law.Sigma > 0 ? 1 / law.Sigma : double.PositiveInfinity;
        return new CapacityPlan(law, rate, instances, request.MinInstances, Math.Max(request.MaxInstances, (int)Math.Ceiling(instances * 1.5)), double.IsNaN(concurrency) ? 2 : (int)Math.Ceiling(concurrency) + 1, limit)
        {
            Capacity = peak,
            Knee = Math.Max(1, Math.Round(Math.Min(knee, 1.5 * points.Max(p => p.Concurrency)))),
        };
    }

    /// <summary>An instance as a queue of independent arrivals.</summary>
    public QueueModel Queue => QueueModel.Of(Law, Capacity);

    /// <summary>
    /// The processor use in percent below which an instance can go for good: a tenth below what brings the others back to the target, at the
    /// smallest number where that is possible.
    /// </summary>
    internal double ScaleInCpu(double targetCpu) => Math.Floor(100 * targetCpu * 0.9 * MinInstances / (MinInstances + 1));

    internal double P95At(double rate) => 1000 * Queue.Percentile(rate, 95);
}
