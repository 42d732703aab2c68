namespace Fettle.LoadTesting.Engine;

/// <summary>Every n-th of recorded requests: the ones that belong to a share of their times.</summary>
sealed class RequestSlice(IReadOnlyList<LoadRequest> requests, int share, int shares) : IRequestSource
{
    int _next = share - shares;

    public LoadRequest Next() => requests[_next += shares];
}

/// <summary>Lets several loops draw from one source.</summary>
sealed class SharedSource(IRequestSource source) : IRequestSource
{
    readonly Lock _lock = new();

    public LoadRequest Next()
    {
        lock (_lock)
        {
            return source.Next();
        }
    }
}
