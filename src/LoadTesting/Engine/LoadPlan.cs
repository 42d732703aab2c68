namespace Fettle.LoadTesting;

/// <summary>What one run does: where, how much, for how long, with which requests. Settings are checked when set.</summary>
public sealed record LoadPlan
{
    static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>Scheme, host and port of the service, for example <c>http://127.0.0.1:5000</c>; a path prefix is put before every request's path.</summary>
    public required Uri BaseUrl
    {
        get;
        set => field = value is { IsAbsoluteUri: true, Scheme: "http" or "https" } ? value : throw new ArgumentException($"base URL is '{value}'; it begins with http:// or https://", nameof(BaseUrl));
    }

    /// <summary>Open model (arrival rate) or closed model (users).</summary>
    public required LoadModel Model { get; set; }

    /// <summary>The requests.</summary>
    public required IRequestSource Source { get; set; }

    /// <summary>Load before counting begins; default 0, at most a day.</summary>
    public TimeSpan WarmUp
    {
        get;
        set => field = Throw.InRange(value, TimeSpan.Zero, Day, nameof(WarmUp));
    }

    /// <summary>Counted time after the warm-up; default 10 s, from 10 ms to a day.</summary>
    public TimeSpan Duration
    {
        get;
        set => field = Throw.InRange(value, TimeSpan.FromMilliseconds(10), Day, nameof(Duration));
    } = TimeSpan.FromSeconds(10);

    /// <summary>A request without a whole answer this long after its intended start is a timeout; default 30 s, from 1 ms to an hour.</summary>
    public TimeSpan Timeout
    {
        get;
        set => field = Throw.InRange(value, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1), nameof(Timeout));
    } = TimeSpan.FromSeconds(30);

    /// <summary>Most connections open at once; default 1,024, from 1 to 60,000. Further arrivals wait for one, and their wait counts.</summary>
    public int MaxConnections
    {
        get;
        set => field = Throw.InRange(value, 1, 60_000, nameof(MaxConnections));
    } = 1_024;

    /// <summary>Event loops, each with its share of the load and of the connections; default 1, from 1 to 64.</summary>
    public int Threads
    {
        get;
        set => field = Throw.InRange(value, 1, 64, nameof(Threads));
    } = 1;

    /// <summary>Largest answer body in bytes; default 64 MiB. A larger one is an error of class <c>answer too large</c>.</summary>
    public long MaxResponseBytes
    {
        get;
        set => field = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(MaxResponseBytes), value, $"MaxResponseBytes is {value}; it is above 0");
    } = 64L << 20;

    /// <summary>Keep connections open between requests; default true.</summary>
    public bool KeepAlive { get; set; } = true;

    /// <summary>HTTP/1.1 (default) or HTTP/2.</summary>
    public HttpProtocol Protocol { get; set; }

    /// <summary>Accept any certificate of the server; default false.</summary>
    public bool TrustAnyCertificate { get; set; }

    /// <summary>Send through the framework's HTTP client instead of the engine's own sockets, for servers that only it understands; default false.</summary>
    public bool FrameworkClient { get; set; }

    /// <summary>Hosts beside loopback that may be loaded; default none.</summary>
    public IReadOnlyList<string> AllowedHosts { get; set; } = [];
}
