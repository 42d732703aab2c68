namespace Fettle.LoadTesting.Scaling;

/// <summary>How instances are started, limited, probed and drained.</summary>
public sealed record ScaleOptions
{
    /// <summary>The shell command of one instance; <c>{port}</c> in it becomes a free port of 127.0.0.1 on which it has to listen.</summary>
    public required string Command
    {
        get;
        set => field = value.Contains("{port}", StringComparison.Ordinal) ? value : throw new ArgumentException($"the command '{value}' has no {{port}}; the instance has to listen where it is told", nameof(Command));
    }

    /// <summary>When instances are added and removed.</summary>
    public ScalingRuleOptions Rule { get; set; } = new();

    /// <summary>Processor cores that an instance may use, 0.01 to 64; default 1. Held by stopping the instance for the rest of its share.</summary>
    public double InstanceCores
    {
        get;
        set => field = Throw.InRange(value, 0.01, 64, nameof(InstanceCores));
    } = 1;

    /// <summary>Path that answers 200–299 when the instance can serve; default <c>/readyz</c>.</summary>
    public string ProbePath
    {
        get;
        set => field = value.StartsWith('/') ? value : throw new ArgumentException($"ProbePath is '{value}'; it begins with '/'", nameof(ProbePath));
    } = "/readyz";

    /// <summary>Time between probes of an instance; default 10 s, from 50 ms to an hour.</summary>
    public TimeSpan ProbeEvery
    {
        get;
        set => field = Throw.InRange(value, TimeSpan.FromMilliseconds(50), TimeSpan.FromHours(1), nameof(ProbeEvery));
    } = TimeSpan.FromSeconds(10);

    /// <summary>Failed probes in a row after which an instance is replaced, 1 to 100; default 3.</summary>
    public int FailedProbes
    {
        get;
        set => field = Throw.InRange(value, 1, 100, nameof(FailedProbes));
    } = 3;

    /// <summary>Time until an instance has to be ready; default 60 s, from 100 ms to an hour.</summary>
    public TimeSpan StartTimeout
    {
        get;
        set => field = Throw.InRange(value, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1), nameof(StartTimeout));
    } = TimeSpan.FromSeconds(60);

    /// <summary>Longest time for requests under way when an instance is removed; default 30 s, from 100 ms to an hour.</summary>
    public TimeSpan DrainTimeout
    {
        get;
        set => field = Throw.InRange(value, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1), nameof(DrainTimeout));
    } = TimeSpan.FromSeconds(30);

    /// <summary>Time between samples of the processor use; default 1 s, from 20 ms to a minute.</summary>
    public TimeSpan SampleEvery
    {
        get;
        set => field = Throw.InRange(value, TimeSpan.FromMilliseconds(20), TimeSpan.FromMinutes(1), nameof(SampleEvery));
    } = TimeSpan.FromSeconds(1);

    /// <summary>nginx sends POST and PATCH to another instance too when one breaks off; only for services whose POSTs change nothing. Default false.</summary>
    public bool RetryPosts { get; set; }

    /// <summary>Kills an instance (SIGKILL) so long after the beginning, as a rehearsal; null for none.</summary>
    public TimeSpan? KillAfter { get; set; }

    /// <summary>Replaces the kernel's processor clock of an instance in tests: port to seconds used.</summary>
    internal Func<int, double>? Meter { get; set; }
}
