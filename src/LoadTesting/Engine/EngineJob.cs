namespace Fettle.LoadTesting.Engine;

/// <summary>One scenario as the engine sees it: load, requests and time.</summary>
sealed record EngineJob
{
    public required string Name { get; init; }

    public required Uri BaseUrl { get; init; }

    public required LoadModel Model { get; init; }

    public IRequestSource? Source { get; init; }

    public IFlowSource? Flows { get; init; }

    /// <summary>The requests of a replay, one for each recorded time; null for other models.</summary>
    public IReadOnlyList<LoadRequest>? Recorded { get; init; }

    /// <summary>After the beginning of the run.</summary>
    public TimeSpan StartAfter { get; init; }

    public TimeSpan WarmUp { get; init; }

    public TimeSpan Duration { get; init; }

    public TimeSpan Timeout { get; init; }

    public int MaxConnections { get; init; } = 1024;

    public long MaxResponseBytes { get; init; } = 64L << 20;

    public bool KeepAlive { get; init; } = true;
}

/// <summary>How a run of jobs is carried out.</summary>
sealed record EngineOptions
{
    public int Threads { get; init; } = 1;

    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>This process's number among several that divide the load, and how many they are.</summary>
    public (int Index, int Count) Share { get; init; } = (0, 1);

    /// <summary>A moment of the system's clock at which all processes begin; null for at once.</summary>
    public DateTimeOffset? BeginAt { get; init; }

    public HttpProtocol Protocol { get; init; } = HttpProtocol.Http11;

    /// <summary>Accept any server certificate: for tests against self-signed ones.</summary>
    public bool TrustAnyCertificate { get; init; }

    /// <summary>Send through the framework's HTTP client.</summary>
    public bool FrameworkClient { get; init; }
}
